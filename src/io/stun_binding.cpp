#include "petrel/io/stun_binding.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "io/waiters.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/stun/binding_client.hpp"
#include "petrel/stun/errc.hpp"
#include "petrel/turn/uri.hpp"

namespace petrel::inline v0 {
namespace {

constexpr FlowId flow{1};

bool is_datagram(TransportProtocol protocol) {
  return protocol == TransportProtocol::udp || protocol == TransportProtocol::dtls;
}

// Runs one stun::BindingClient on a network, inside of TLS where that is asked for.
class Asking final : public io::NetworkUser {
 public:
  Asking(io::Network& network, turn::ServerUri uri, StunQuery query)
      : network_(&network),
        uri_(std::move(uri)),
        query_(std::move(query)),
        deadline_(network.now() + query_.limit),
        waiters_(network.executor()),
        id_(network.attach(*this)) {
    network_->set_timeout(id_, deadline_);
    if (const auto address = IpAddress::parse(uri_.host)) {
      open(*address);
    } else {
      network_->request(id_, Resolve{1, uri_.host});
    }
  }
  ~Asking() {
    if (network_ != nullptr) network_->detach(id_);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  bool over() const { return over_; }
  StunAnswer result() {
    if (error_) throw std::system_error(error_, detail_);
    return answer_;
  }
  asio::awaitable<void> wait() { return waiters_.wait(nullptr); }

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) {
      if (tls_) {
        tls_->handle_bytes(network_->now(), each.payload);
      } else if (client_) {
        client_->handle_datagram(network_->now(), each);
      }
    }
    run();
  }
  void on_flow(FlowId, const FlowChange& change) override {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      answer_.local = opened->local;
      begin();
    } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
      finish(failed->error, "no connection to " + answer_.server.to_string());
    } else if (std::holds_alternative<FlowClosed>(change)) {
      finish(std::make_error_code(std::errc::connection_reset), "the server closed the connection");
    }
    run();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress> addresses) override {
    const auto found = std::ranges::find(addresses, query_.family, &IpAddress::family);
    if (found != addresses.end()) return open(*found);
    finish(std::make_error_code(std::errc::host_unreachable),
           uri_.host + " has no IPv" + (query_.family == IpFamily::v4 ? "4" : "6") + " address");
  }
  void on_timeout() override {
    const TimePoint now = network_->now();
    if (client_) client_->handle_timeout(now);
    if (tls_) tls_->handle_timeout(now);
    run();
    if (now >= deadline_) finish(stun::Errc::timed_out, "no answer from " + uri_.host);
  }
  void on_writable() override { run(); }
  void on_network_gone() override {
    network_ = nullptr;
    finish(Errc::closed, {});
    waiters_.let_go();
  }

 private:
  bool is_secure() const {
    return uri_.protocol == TransportProtocol::tls || uri_.protocol == TransportProtocol::dtls;
  }
  void open(const IpAddress& address) {
    answer_.server = {address, uri_.port};
    Endpoint local{query_.local, 0};
    if (local.address.is_unspecified() && address.is_v6()) local.address = IpAddress::v6({});
    if (is_datagram(uri_.protocol)) {
      network_->request(id_, BindUdp{flow, local});
    } else {
      network_->request(id_, Connect{flow, local, answer_.server});
    }
  }
  void begin() {
    if (!is_secure()) return ask();
    tls::ClientConfig config = query_.tls;
    config.transport = is_datagram(uri_.protocol) ? tls::Transport::datagram : tls::Transport::stream;
    config.server_name = uri_.host;
    config.alpn = {"stun.nat-discovery"};  // RFC 7443 4
    config.handshake_timeout = query_.limit;
    auto connection = tls::Connection::client(network_->now(), std::move(config));
    if (!connection) return finish(connection.error(), {});
    tls_.emplace(*std::move(connection));
  }
  void ask() {
    client_.emplace(network_->now(),
                    stun::BindingClientConfig{
                        .flow = flow, .server = answer_.server, .over_stream = !is_datagram(uri_.protocol)},
                    network_->random());
  }

  void run() {
    if (over_) return;
    if (tls_) take_tls_events();
    std::vector<Transmit> transmits;
    while (client_) {
      auto transmit = client_->poll_transmit();
      if (!transmit) break;
      if (tls_) {
        (void)tls_->send(network_->now(), transmit->payload.bytes());  // The question has a hundred bytes.
      } else {
        transmits.push_back(*std::move(transmit));
      }
    }
    while (tls_) {
      auto packet = tls_->poll_packet();
      if (!packet) break;
      transmits.push_back({flow, answer_.server, *std::move(packet)});
    }
    if (!transmits.empty()) (void)network_->send(id_, transmits);  // What is lost is sent again.
    take_answer();
    if (!over_) arm();
  }
  void take_tls_events() {
    while (auto event = tls_->poll_event()) {
      if (const auto* connected = std::get_if<tls::Connected>(&*event)) {
        answer_.tls_version = connected->version;
        ask();
      } else if (const auto* data = std::get_if<tls::Data>(&*event)) {
        client_->handle_datagram(network_->now(),
                                 {flow, answer_.server, answer_.local, data->payload.bytes()});
      } else if (auto* failed = std::get_if<tls::Failed>(&*event)) {
        return finish(failed->error, failed->detail);
      } else {
        return finish(std::make_error_code(std::errc::connection_reset), "the server closed the connection");
      }
    }
  }
  void take_answer() {
    const auto event = client_ && !over_ ? client_->poll_event() : std::nullopt;
    if (!event) return;
    if (const auto* failed = std::get_if<stun::BindingFailed>(&*event)) {
      return finish(failed->error,
                    failed->code != 0 ? std::to_string(failed->code) + " from " + uri_.host : std::string{});
    }
    const auto& mapped = std::get<stun::MappedAddress>(*event);
    answer_.mapped = mapped.address;
    answer_.server = mapped.server;
    finish({}, {});
  }
  void arm() {
    TimePoint due = deadline_;
    if (client_) due = std::min(due, client_->next_timeout().value_or(due));
    if (tls_) due = std::min(due, tls_->next_timeout().value_or(due));
    network_->set_timeout(id_, due);
  }
  void finish(std::error_code error, std::string detail) {
    if (std::exchange(over_, true)) return;
    error_ = error;
    detail_ = std::move(detail);
    waiters_.wake();
  }

  io::Network* network_;
  turn::ServerUri uri_;
  StunQuery query_;
  TimePoint deadline_;
  io::Waiters waiters_;
  io::NetworkUserId id_;
  std::optional<tls::Connection> tls_;
  std::optional<stun::BindingClient> client_;
  StunAnswer answer_;
  bool over_ = false;
  std::error_code error_;
  std::string detail_;
};

}  // namespace

asio::awaitable<StunAnswer> ask_stun(io::Network& network, StunQuery query) {
  turn::ServerUri uri = turn::parse_stun_server_uri(query.url).value();
  Asking asking(network, std::move(uri), std::move(query));
  while (!asking.over()) co_await asking.wait();
  co_return asking.result();
}

}  // namespace petrel::inline v0
