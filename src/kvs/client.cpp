#include "petrel/kvs/client.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "kvs/session.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/web/http_client.hpp"
#include "petrel/web/websocket_client.hpp"

namespace petrel::inline v0::kvs {
namespace {

// RFC 7301: nothing else is spoken here.
const std::vector<std::string> application_protocols{"http/1.1"};

// A day at most, whatever the answer says.
constexpr std::int64_t max_iot_life = 24 * 3600;

web::HttpClientConfig http_config(const tls::ClientConfig& tls) {
  web::HttpClientConfig config{.tls = tls};
  config.tls.alpn = application_protocols;
  return config;
}

web::HttpClientConfig iot_config(const CredentialSource& source, const tls::ClientConfig& tls) {
  web::HttpClientConfig config = http_config(tls);
  if (const auto* provider = std::get_if<IotProvider>(&source)) {
    config.tls.identity = provider->identity;
    config.tls.ca_pem += provider->ca_pem;
  }
  return config;
}

}  // namespace

class Client::State {
 public:
  State(TimePoint now, ClientConfig config, std::int64_t unix_time, RandomSource& random)
      : config_(std::move(config)),
        random_(random),
        http_(http_config(config_.tls), numbers_),
        iot_(iot_config(config_.credentials, config_.tls), numbers_),
        session_(now, config_.session, unix_time, random),
        unix_time_(unix_time) {
    pump(now);
  }

  Session& session() { return session_; }
  const Session& session() const { return session_; }

  void set_unix_time(TimePoint now, std::int64_t unix_time) {
    unix_time_ = unix_time;
    session_.set_unix_time(now, unix_time);
  }

  // Carries everything from where it was made to where it is wanted, until nothing moves.
  void pump(TimePoint now) {
    for (bool moved = true; moved;) {
      moved = false;
      while (auto action = session_.poll_action()) {
        std::visit([&](auto& each) { carry_out(now, each); }, *action);
        moved = true;
      }
      while (auto event = http_.poll_event()) {
        std::visit([&](auto& each) { answered(now, each); }, *event);
        moved = true;
      }
      while (auto event = iot_.poll_event()) {
        std::visit([&](auto& each) { iot_answered(now, each); }, *event);
        moved = true;
      }
      for (auto& [id, socket] : sockets_) {
        while (auto event = socket->poll_event()) {
          std::visit([&](auto& each) { socket_said(now, id, each); }, *event);
          moved = true;
        }
      }
    }
    sweep();
  }

  void close(TimePoint now) {
    session_.close(now);
    http_.close(now);
    iot_.close(now);
    pump(now);
  }

  void handle_bytes(TimePoint now, FlowId flow, Bytes bytes) {
    static_cast<void>(http_.handle_bytes(now, flow, bytes) || iot_.handle_bytes(now, flow, bytes) ||
                      std::ranges::any_of(
                          sockets_, [&](auto& each) { return each.second->handle_bytes(now, flow, bytes); }));
    pump(now);
  }

  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
    static_cast<void>(http_.handle_flow(now, flow, change) || iot_.handle_flow(now, flow, change) ||
                      std::ranges::any_of(
                          sockets_, [&](auto& each) { return each.second->handle_flow(now, flow, change); }));
    pump(now);
  }

  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
    static_cast<void>(http_.handle_resolved(now, id, addresses) || iot_.handle_resolved(now, id, addresses) ||
                      std::ranges::any_of(sockets_, [&](auto& each) {
                        return each.second->handle_resolved(now, id, addresses);
                      }));
    pump(now);
  }

  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
    const bool stays = std::ranges::any_of(sockets_, [&](const auto& each) {
      const auto& local = each.second->local_address();
      return local && std::ranges::find(addresses, *local, &LocalAddress::address) != addresses.end();
    });
    if (!stays) session_.handle_network_change(now);
    pump(now);
  }

  void handle_timeout(TimePoint now) {
    session_.handle_timeout(now);
    http_.handle_timeout(now);
    iot_.handle_timeout(now);
    for (auto& [id, socket] : sockets_) socket->handle_timeout(now);
    pump(now);
  }

  std::optional<TimePoint> next_timeout() const {
    std::optional<TimePoint> next = session_.next_timeout();
    const auto consider = [&](std::optional<TimePoint> other) {
      if (other && (!next || *other < *next)) next = other;
    };
    consider(http_.next_timeout());
    consider(iot_.next_timeout());
    for (const auto& [id, socket] : sockets_) consider(socket->next_timeout());
    return next;
  }

  std::optional<Transmit> poll_transmit() {
    if (auto transmit = http_.poll_transmit()) return transmit;
    if (auto transmit = iot_.poll_transmit()) return transmit;
    for (auto& [id, socket] : sockets_) {
      if (auto transmit = socket->poll_transmit()) return transmit;
    }
    return std::nullopt;
  }

  std::optional<IoRequest> poll_request() {
    if (auto request = http_.poll_request()) return request;
    if (auto request = iot_.poll_request()) return request;
    for (auto& [id, socket] : sockets_) {
      if (auto request = socket->poll_request()) return request;
    }
    sweep();
    return std::nullopt;
  }

  std::optional<Event> poll_event() {
    if (asking_) return Event(*std::exchange(asking_, std::nullopt));
    return session_.poll_event();
  }

 private:
  void sweep() {
    std::erase_if(sockets_, [](const auto& each) { return each.second->finished(); });
  }

  void carry_out(TimePoint now, SendCall& call) {
    http_.start(now, call.id, call.url, std::move(call.request), call.limit);
  }
  void carry_out(TimePoint now, OpenSocket& open) {
    web::WebSocketClientConfig config{.tls = config_.tls, .max_message_bytes = max_frame_bytes};
    config.tls.alpn = application_protocols;
    config.setup_limit = open.limit;
    if (!config_.session.user_agent.empty()) config.headers = {{"User-Agent", config_.session.user_agent}};
    sockets_.emplace(open.id,
                     std::make_unique<web::WebSocketClient>(now, open.url, config, random_, numbers_));
  }
  void carry_out(TimePoint now, SendText& send) {
    const auto socket = sockets_.find(send.id);
    if (socket == sockets_.end()) return;
    // A socket that takes no more has failed, or is about to: its end is told like any other.
    if (!socket->second->send_text(now, send.text)) socket->second->close(now);
  }
  void carry_out(TimePoint now, SendPing& ping) {
    if (const auto socket = sockets_.find(ping.id); socket != sockets_.end()) {
      static_cast<void>(socket->second->send_ping(now));
    }
  }
  void carry_out(TimePoint now, CloseSocket& close) {
    if (const auto socket = sockets_.find(close.id); socket != sockets_.end()) socket->second->close(now);
  }
  void carry_out(TimePoint now, WantCredentials& want) {
    if (const auto* credentials = std::get_if<Credentials>(&config_.credentials)) {
      return session_.handle_credentials(now, *credentials);
    }
    const auto* provider = std::get_if<IotProvider>(&config_.credentials);
    if (provider == nullptr) {
      asking_ = CredentialsWanted{want.refused};
      return;
    }
    const auto url = iot_url(*provider);  // create() has checked it.
    iot_.start(now, ++last_iot_call_, *url, iot_request(*provider), config_.session.call_limit);
  }

  void answered(TimePoint now, web::CallAnswered& answer) {
    session_.handle_response(now, answer.id, answer.response);
  }
  void answered(TimePoint now, web::CallFailed& failed) {
    session_.handle_call_failed(now, failed.id, failed.error, std::move(failed.detail));
  }

  void iot_answered(TimePoint now, web::CallAnswered& answer) {
    if (answer.response.status == http::Status::ok) {
      if (auto credentials = read_iot_credentials(answer.response.body)) {
        // So that a fleet does not ask in step: between 1 and 20 % of their life is given away.
        const std::int64_t life =
            std::clamp<std::int64_t>(*credentials->expires_at - unix_time_, 0, max_iot_life);
        credentials->expires_at = unix_time_ + life * random_.between(80, 99) / 100;
        return session_.handle_credentials(now, *std::move(credentials));
      }
      return session_.handle_no_credentials(now, make_error_code(Errc::bad_answer),
                                            "the answer of AWS IoT's credential provider is not understood",
                                            true);
    }
    const ServiceError error = read_service_error(answer.response);
    std::string detail = "AWS IoT gives no credentials for this certificate (HTTP " +
                         std::to_string(error.status) + (error.message.empty() ? "" : ": " + error.message) +
                         "): check thing name, role alias and the certificate's policy";
    session_.handle_no_credentials(now, make_error_code(Errc::no_credentials), std::move(detail),
                                   error.transient());
  }
  void iot_answered(TimePoint now, web::CallFailed& failed) {
    session_.handle_no_credentials(now, failed.error, "AWS IoT's credential provider: " + failed.detail,
                                   true);
  }

  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketOpened&) {
    session_.handle_socket_opened(now, id);
  }
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketRefused& refused) {
    session_.handle_socket_refused(now, id, refused.response);
  }
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketText& text) {
    session_.handle_text(now, id, text.text);
  }
  void socket_said(TimePoint, std::uint32_t, web::WebSocketBinary&) {}  // The service sends none.
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketPong&) { session_.handle_pong(now, id); }
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketClosed& closed) {
    std::string detail = "the service closed the connection (" + std::to_string(closed.code) +
                         (closed.reason.empty() ? "" : " " + closed.reason) + ")";
    std::ranges::replace_if(detail, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
    session_.handle_socket_closed(now, id, make_error_code(web::Errc::connection_closed), std::move(detail));
  }
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketFailed& failed) {
    session_.handle_socket_closed(now, id, failed.error, failed.error.message());
  }
  void socket_said(TimePoint now, std::uint32_t id, web::WebSocketBroken& broken) {
    session_.handle_socket_closed(now, id, broken.error, std::move(broken.detail));
  }

  ClientConfig config_;
  RandomSource& random_;
  web::FlowNumbers numbers_;
  web::HttpClient http_;
  web::HttpClient iot_;
  Session session_;
  std::map<std::uint32_t, std::unique_ptr<web::WebSocketClient>> sockets_;
  std::optional<CredentialsWanted> asking_;
  std::uint32_t last_iot_call_ = 0;
  std::int64_t unix_time_;
};

Result<Client> Client::create(TimePoint now, ClientConfig config, std::int64_t unix_time,
                              RandomSource& random) {
  if (auto checked = check(config.session); !checked) return checked.error();
  if (const auto* provider = std::get_if<IotProvider>(&config.credentials)) {
    if (auto url = iot_url(*provider); !url) return url.error();
  }
  return Client(std::make_unique<State>(now, std::move(config), unix_time, random));
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::set_unix_time(TimePoint now, std::int64_t unix_time) { state_->set_unix_time(now, unix_time); }

void Client::set_credentials(TimePoint now, Credentials credentials) {
  state_->session().handle_credentials(now, std::move(credentials));
  state_->pump(now);
}

void Client::refuse_credentials(TimePoint now, std::error_code error, std::string detail, bool transient) {
  state_->session().handle_no_credentials(now, error, std::move(detail), transient);
  state_->pump(now);
}

Result<void> Client::send_offer(TimePoint now, std::string sdp) {
  if (state_->session().is_master()) return petrel::Errc::wrong_state;
  auto sent = state_->session().send_description(now, {}, {DescriptionType::offer, std::move(sdp)});
  state_->pump(now);
  return sent;
}

Result<void> Client::send_answer(TimePoint now, const std::string& peer, std::string sdp) {
  auto sent = state_->session().send_description(now, peer, {DescriptionType::answer, std::move(sdp)});
  state_->pump(now);
  return sent;
}

Result<void> Client::send_candidate(TimePoint now, const std::string& peer,
                                    const CandidateMessage& candidate) {
  auto sent = state_->session().send_candidate(now, peer, candidate);
  state_->pump(now);
  return sent;
}

void Client::forget_peer(const std::string& peer) { state_->session().forget_peer(peer); }
void Client::close(TimePoint now) { state_->close(now); }

const std::vector<IceServerEntry>& Client::ice_servers() const { return state_->session().ice_servers(); }
bool Client::connected() const { return state_->session().connected(); }
bool Client::over() const { return state_->session().over(); }
const std::string& Client::channel_arn() const { return state_->session().channel_arn(); }
const std::string& Client::client_id() const { return state_->session().client_id(); }
SessionStats Client::stats() const { return state_->session().stats(); }

bool Client::handle_datagram(TimePoint now, const Datagram& datagram) {
  state_->handle_bytes(now, datagram.flow, datagram.payload);
  return true;
}
void Client::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  state_->handle_flow(now, flow, change);
}
void Client::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  state_->handle_resolved(now, id, addresses);
}
void Client::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  state_->handle_interfaces(now, addresses);
}
void Client::handle_timeout(TimePoint now) { state_->handle_timeout(now); }
std::optional<TimePoint> Client::next_timeout() const { return state_->next_timeout(); }
std::optional<Transmit> Client::poll_transmit() { return state_->poll_transmit(); }
std::optional<IoRequest> Client::poll_request() { return state_->poll_request(); }
std::optional<Event> Client::poll_event() { return state_->poll_event(); }

}  // namespace petrel::inline v0::kvs
