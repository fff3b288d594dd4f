#include "petrel/io/turn_server.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "io/send_queue.hpp"

namespace petrel::inline v0 {
namespace {

bool can_be_told(const LocalAddress& address) {
  return !address.temporary && !address.deprecated && !address.address.is_link_local();
}

// Of several addresses the one that most peers can reach.
int usefulness(const LocalAddress& address) {
  if (address.address.is_loopback()) return 0;
  return address.address.is_private() ? 1 : 2;
}

std::optional<IpAddress> best_address(const std::vector<LocalAddress>& all, IpFamily family) {
  const LocalAddress* best = nullptr;
  for (const LocalAddress& each : all) {
    if (each.address.family() != family || !can_be_told(each)) continue;
    if (best == nullptr || usefulness(each) > usefulness(*best)) best = &each;
  }
  if (best == nullptr) return std::nullopt;
  return best->address;
}

turn_server::ServerConfig completed(turn_server::ServerConfig config, io::Network& network) {
  config.unix_time = network.unix_time();
  const std::vector<LocalAddress> local = network.local_addresses();
  for (const LocalAddress& each : local) config.own_addresses.push_back(each.address);
  if (!config.relay_addresses.empty()) return config;

  std::map<IpFamily, IpAddress> relays;
  for (const turn_server::Listener& listener : config.listeners) {
    const IpAddress& address = listener.local.address;
    if (!address.is_unspecified()) {
      relays.emplace(address.family(), address);
    } else if (const auto best = best_address(local, address.family())) {
      relays.emplace(address.family(), *best);
    }
  }
  for (const auto& [family, address] : relays) config.relay_addresses.push_back({address});
  return config;
}

}  // namespace

namespace detail {

/// Runs one turn_server::Server on a network.
class TurnServerState final : public io::NetworkUser, public std::enable_shared_from_this<TurnServerState> {
 public:
  TurnServerState(io::Network& network, turn_server::ServerConfig config)
      : network_(&network),
        server_(turn_server::Server::create(network.now(), completed(std::move(config), network),
                                            network.random())
                    .value()) {}

  void attach() {
    id_ = network_->attach(*this);
    run();
  }

  void close() {
    if (network_ == nullptr) return;
    const auto self = shared_from_this();
    server_.close(network_->now());
    run();
    network_->detach(id_);
    let_go();
  }

  void set_callback(std::function<void(const turn_server::Event&)> callback) {
    callback_ = std::make_shared<std::function<void(const turn_server::Event&)>>(std::move(callback));
  }
  std::vector<Endpoint> local_endpoints() const {
    std::vector<Endpoint> endpoints;
    for (const auto& [index, local] : listening_) endpoints.push_back(local);
    return endpoints;
  }
  turn_server::ServerStats stats() const { return server_.stats(); }

  void on_datagrams(std::span<const Datagram> datagrams) override {
    const auto self = shared_from_this();
    const TimePoint now = network_->now();
    server_.set_unix_time(now, network_->unix_time());
    for (const Datagram& datagram : datagrams) server_.handle_datagram(now, datagram);
    run();
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    const auto self = shared_from_this();
    server_.handle_flow(network_->now(), flow, change);
    run();
    deliver();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {
    const auto self = shared_from_this();
    server_.handle_timeout(network_->now());
    run();
  }
  void on_writable() override {
    const auto self = shared_from_this();
    sending_.handle_writable();
    run();
  }
  void on_network_gone() override {
    const auto self = shared_from_this();
    let_go();
  }

 private:
  void run() {
    sending_.send(*network_, id_,
                  server_);  // Before requests, which may close the flow that a last answer leaves by.
    while (const auto request = server_.poll_request()) network_->request(id_, *request);
    network_->set_timeout(id_, server_.next_timeout());
  }

  void deliver() {
    while (network_ != nullptr) {
      const auto event = server_.poll_event();
      if (!event) return;
      if (const auto* opened = std::get_if<turn_server::ListenerOpened>(&*event)) {
        listening_[opened->index] = opened->local;
      } else if (const auto* failed = std::get_if<turn_server::ListenerFailed>(&*event)) {
        listening_.erase(failed->index);
      }
      if (const auto callback = callback_; callback && *callback) (*callback)(*event);
    }
  }

  void let_go() {
    network_ = nullptr;
    callback_.reset();
    listening_.clear();
  }

  io::Network* network_;
  io::NetworkUserId id_{};
  turn_server::Server server_;
  std::shared_ptr<std::function<void(const turn_server::Event&)>> callback_;
  std::map<std::size_t, Endpoint> listening_;
  io::SendQueue sending_;
};

}  // namespace detail

TurnServer::TurnServer(io::Network& network, turn_server::ServerConfig config)
    : state_(std::make_shared<detail::TurnServerState>(network, std::move(config))) {
  state_->attach();
}

TurnServer::~TurnServer() {
  if (state_) state_->close();
}

TurnServer::TurnServer(TurnServer&&) noexcept = default;

TurnServer& TurnServer::operator=(TurnServer&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

void TurnServer::on_event(std::function<void(const turn_server::Event&)> callback) {
  state_->set_callback(std::move(callback));
}
std::vector<Endpoint> TurnServer::local_endpoints() const { return state_->local_endpoints(); }
turn_server::ServerStats TurnServer::stats() const { return state_->stats(); }
void TurnServer::close() { state_->close(); }

}  // namespace petrel::inline v0
