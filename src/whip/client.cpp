#include "petrel/whip/client.hpp"

#include <utility>
#include <variant>

#include "petrel/web/http_client.hpp"
#include "whip/session.hpp"

namespace petrel::inline v0::whip {
namespace {

web::HttpClientConfig http_config(const tls::ClientConfig& tls) {
  web::HttpClientConfig config{.tls = tls};
  config.tls.alpn = {"http/1.1"};  // RFC 7301: nothing else is spoken here.
  return config;
}

}  // namespace

class Client::State {
 public:
  State(TimePoint now, ClientConfig config, RandomSource& random)
      : http_(http_config(config.tls), numbers_), session_(now, std::move(config.session), random) {
    pump(now);
  }

  Session& session() { return session_; }
  web::HttpClient& http() { return http_; }

  // Carries requests and answers between the two until nothing moves.
  void pump(TimePoint now) {
    for (bool moved = true; moved;) {
      moved = false;
      while (auto action = session_.poll_action()) {
        if (auto* send = std::get_if<SendCall>(&*action)) {
          http_.start(now, send->id, send->url, std::move(send->request), send->limit);
        } else {
          http_.cancel(now, std::get<CancelCall>(*action).id);
        }
        moved = true;
      }
      while (auto event = http_.poll_event()) {
        if (const auto* answered = std::get_if<web::CallAnswered>(&*event)) {
          session_.handle_response(now, answered->id, answered->response);
        } else {
          auto& failed = std::get<web::CallFailed>(*event);
          session_.handle_call_failed(now, failed.id, failed.error, std::move(failed.detail));
        }
        moved = true;
      }
    }
  }

 private:
  web::FlowNumbers numbers_;
  web::HttpClient http_;
  Session session_;
};

Result<Client> Client::create(TimePoint now, ClientConfig config, RandomSource& random) {
  if (auto checked = check(config.session); !checked) return checked.error();
  return Client(std::make_unique<State>(now, std::move(config), random));
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<void> Client::send_offer(TimePoint now, std::string sdp) {
  auto sent = state_->session().send_offer(now, std::move(sdp));
  state_->pump(now);
  return sent;
}
Result<void> Client::send_candidate(TimePoint now, const Candidate& candidate) {
  auto sent = state_->session().send_candidate(now, candidate);
  state_->pump(now);
  return sent;
}
Result<void> Client::restart_ice(TimePoint now, std::string_view offer) {
  auto sent = state_->session().restart_ice(now, offer);
  state_->pump(now);
  return sent;
}
void Client::handle_connected(TimePoint now) { state_->session().handle_connected(now); }
void Client::abandon(TimePoint now, std::error_code error, std::string detail) {
  state_->session().abandon(now, error, std::move(detail));
  state_->pump(now);
}
void Client::close(TimePoint now) {
  state_->session().close(now);
  state_->pump(now);
}

const std::vector<IceServer>& Client::ice_servers() const { return state_->session().ice_servers(); }
bool Client::established() const { return state_->session().established(); }
bool Client::trickles() const { return state_->session().trickles(); }
bool Client::restarts() const { return state_->session().restarts(); }
bool Client::over() const { return state_->session().over(); }

bool Client::handle_datagram(TimePoint now, const Datagram& datagram) {
  const bool taken = state_->http().handle_bytes(now, datagram.flow, datagram.payload);
  state_->pump(now);
  return taken;
}
void Client::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  static_cast<void>(state_->http().handle_flow(now, flow, change));
  state_->pump(now);
}
void Client::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  static_cast<void>(state_->http().handle_resolved(now, id, addresses));
  state_->pump(now);
}
void Client::handle_timeout(TimePoint now) {
  state_->session().handle_timeout(now);
  state_->http().handle_timeout(now);
  state_->pump(now);
}
std::optional<TimePoint> Client::next_timeout() const {
  const auto session = state_->session().next_timeout();
  const auto http = state_->http().next_timeout();
  if (!session || !http) return session ? session : http;
  return std::min(*session, *http);
}
std::optional<Transmit> Client::poll_transmit() { return state_->http().poll_transmit(); }
std::optional<IoRequest> Client::poll_request() { return state_->http().poll_request(); }
std::optional<Event> Client::poll_event() { return state_->session().poll_event(); }

}  // namespace petrel::inline v0::whip
