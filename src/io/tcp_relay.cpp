#include "petrel/io/tcp_relay.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <variant>

#include "io/send_queue.hpp"
#include "io/waiters.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/turn/uri.hpp"

namespace petrel::inline v0 {
namespace {

// What is sent at most before the network may say that it is too much, which it never does from inside.
constexpr std::size_t max_unrested_bytes = 128 * 1024;

turn::ClientConfig to_client_config(const turn::ServerUri& uri, TcpRelayConfig&& config) {
  turn::ClientConfig client;
  client.flow = FlowId{1};
  client.protocol = uri.protocol;
  client.server.port = uri.port;
  client.server_name = uri.host;
  client.credentials = {std::move(config.username), std::move(config.password)};
  client.family = config.family;
  if (config.http_proxy) {
    const bool literal = uri.host.find(':') != std::string::npos;
    client.tunnel_to = (literal ? "[" + uri.host + "]" : uri.host) + ":" + std::to_string(uri.port);
    client.server.port = config.http_proxy->port;
    client.http_proxy = std::move(config.http_proxy);
  }
  client.tls = std::move(config.tls);
  client.log = std::move(config.log);
  return client;
}

}  // namespace

struct RelayedStream::Setup {
  std::weak_ptr<detail::TcpRelayState> relay;
  turn::PeerStreamId id;
  Endpoint peer;
};

namespace detail {

/// Runs one turn::TcpAllocation on a network.
class TcpRelayState final : public io::NetworkUser, public std::enable_shared_from_this<TcpRelayState> {
 public:
  TcpRelayState(io::Network& network, turn::ClientConfig config)
      : network_(&network), config_(std::move(config)), waiters_(network.executor()) {}

  void attach() {
    id_ = network_->attach(*this);
    const std::string& host = config_.http_proxy ? config_.http_proxy->host : config_.server_name;
    if (const auto address = IpAddress::parse(host)) {
      start(*address);
    } else {
      network_->request(id_, Resolve{1, host});
    }
  }
  void close() {
    if (network_ == nullptr) return;
    const auto self = shared_from_this();
    if (allocation_) allocation_->close(network_->now());
    run();
    network_->detach(id_);
    let_go();
  }

  // ---- Of the relay -----------------------------------------------------------------------

  static asio::awaitable<Endpoint> allocated(std::shared_ptr<TcpRelayState> self) {
    for (;;) {
      self->check();
      if (const auto relayed = self->allocation_ ? self->allocation_->relayed() : std::nullopt)
        co_return *relayed;
      co_await self->wait();
    }
  }
  static asio::awaitable<RelayedStream> connect(std::shared_ptr<TcpRelayState> self, Endpoint peer) {
    co_await allocated(self);
    const auto id = self->allocation_->connect(self->network_->now(), peer);
    if (!id) throw std::system_error(id.error());
    // Whoever gives up waiting has no handle to close it by.
    struct Unopened {
      TcpRelayState& relay;
      turn::PeerStreamId id;
      bool open = false;
      ~Unopened() {
        if (!open) relay.close(id);
      }
    } unopened{*self, *id};
    self->streams_[*id];
    self->run();
    for (;;) {
      const auto stream = self->streams_.find(*id);
      if (stream == self->streams_.end()) throw std::system_error(make_error_code(Errc::closed));
      if (stream->second.error) throw std::system_error(stream->second.error);
      unopened.open = stream->second.open;
      if (unopened.open) co_return self->handle(*id, peer);
      co_await self->wait();
    }
  }
  static asio::awaitable<RelayedStream> accept(std::shared_ptr<TcpRelayState> self) {
    while (self->incoming_.empty()) {
      self->check();
      co_await self->wait();
    }
    const auto [id, peer] = self->incoming_.front();
    self->incoming_.pop_front();
    co_return self->handle(id, peer);
  }
  Result<void> permit(const IpAddress& peer) {
    if (network_ == nullptr) return Errc::closed;
    if (!allocation_) {
      // Its server's address is not known yet.
      if (permitted_.size() >= turn::TcpAllocation::max_permissions) return Errc::limit_reached;
      permitted_.push_back(peer);
      return {};
    }
    auto permitted = allocation_->permit(network_->now(), peer);
    run();
    return permitted;
  }
  void forbid(const IpAddress& peer) {
    std::erase(permitted_, peer);
    if (allocation_) allocation_->forbid(peer);
  }
  void set_credentials(turn::Credentials credentials) {
    if (network_ == nullptr) return;
    if (allocation_) return allocation_->set_credentials(network_->now(), std::move(credentials));
    config_.credentials = std::move(credentials);
  }
  turn::ClientReport report() const {
    if (allocation_) return allocation_->report();
    turn::ClientReport report;
    report.error = error_;
    report.text = error_ ? config_.server_name + " has no address" : std::string{};
    return report;
  }

  // ---- Of a stream ------------------------------------------------------------------------

  static asio::awaitable<std::optional<PacketBuffer>> receive(std::shared_ptr<TcpRelayState> self,
                                                              turn::PeerStreamId id) {
    for (;;) {
      if (!self) throw std::system_error(make_error_code(Errc::closed));
      const auto stream = self->streams_.find(id);
      if (stream == self->streams_.end()) throw std::system_error(make_error_code(Errc::closed));
      if (auto bytes = self->allocation_->read(id)) {
        self->run();
        co_return bytes;
      }
      if (stream->second.error) throw std::system_error(stream->second.error);
      if (stream->second.ended) co_return std::nullopt;
      co_await self->wait();
    }
  }
  static asio::awaitable<void> send(std::shared_ptr<TcpRelayState> self, turn::PeerStreamId id, Bytes bytes) {
    while (!bytes.empty()) {
      if (!self || self->network_ == nullptr) throw std::system_error(make_error_code(Errc::closed));
      const std::uint64_t before = self->wakes_;
      const auto taken = self->allocation_->write(self->network_->now(), id, bytes);
      if (!taken) throw std::system_error(taken.error());
      bytes = bytes.subspan(*taken);
      self->run();
      self->unrested_bytes_ += *taken;
      // There may be room again already, of which nobody tells twice.
      if (!bytes.empty() && self->wakes_ == before) {
        co_await self->wait();
      } else if (self->unrested_bytes_ > max_unrested_bytes && self->network_ != nullptr) {
        self->unrested_bytes_ = 0;
        co_await asio::post(self->network_->executor(), asio::use_awaitable);
      }
    }
  }
  void close(turn::PeerStreamId id) {
    if (network_ == nullptr) return;
    forget(id);
    run();
    wake();
  }

  // ---- Of the network ---------------------------------------------------------------------

  void on_datagrams(std::span<const Datagram> datagrams) override {
    const auto self = shared_from_this();
    if (!allocation_) return;
    for (const Datagram& datagram : datagrams) allocation_->handle_datagram(network_->now(), datagram);
    run();
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    const auto self = shared_from_this();
    if (!allocation_) return;
    allocation_->handle_flow(network_->now(), flow, change);
    run();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress> addresses) override {
    const auto self = shared_from_this();
    if (!addresses.empty()) return start(addresses.front());
    error_ = std::make_error_code(std::errc::host_unreachable);
    wake();
  }
  void on_timeout() override {
    const auto self = shared_from_this();
    if (allocation_) allocation_->handle_timeout(network_->now());
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
  struct Stream {
    bool open = false;
    bool ended = false;
    std::error_code error{};
  };

  void start(const IpAddress& server) {
    config_.server.address = server;
    auto made = turn::TcpAllocation::create(network_->now(), config_, network_->random());
    allocation_.emplace(std::move(made).value());  // The transport has been looked at.
    for (const IpAddress& peer : permitted_) (void)allocation_->permit(network_->now(), peer);
    permitted_.clear();
    run();
  }
  void run() {
    if (network_ == nullptr || !allocation_) return;
    sending_.send(*network_, id_, *allocation_);  // Before requests, which may close a flow.
    while (const auto request = allocation_->poll_request()) network_->request(id_, *request);
    network_->set_timeout(id_, allocation_->next_timeout());
    bool happened = false;
    while (const auto event = allocation_->poll_event()) {
      happened = true;
      take(*event);
    }
    if (happened) wake();
  }
  void take(const turn::TcpEvent& event) {
    if (const auto* opened = std::get_if<turn::StreamOpened>(&event)) {
      streams_[opened->id].open = true;
      if (opened->incoming) incoming_.emplace_back(opened->id, opened->peer);
    } else if (const auto* closed = std::get_if<turn::StreamClosed>(&event)) {
      if (const auto stream = streams_.find(closed->id); stream != streams_.end())
        stream->second.ended = true;
    } else if (const auto* failed = std::get_if<turn::StreamFailed>(&event)) {
      if (const auto stream = streams_.find(failed->id); stream != streams_.end()) {
        stream->second.error = failed->error;
      }
    } else if (const auto* lost = std::get_if<turn::Lost>(&event)) {
      error_ = lost->error;
    } else if (std::holds_alternative<turn::Redirected>(event)) {
      error_ = make_error_code(turn::Errc::redirected);
    }
  }
  void forget(turn::PeerStreamId id) {
    streams_.erase(id);
    if (allocation_) allocation_->close(network_->now(), id);
  }
  void check() const {
    if (network_ == nullptr) throw std::system_error(make_error_code(Errc::closed));
    if (error_) throw std::system_error(error_);
  }
  RelayedStream handle(turn::PeerStreamId id, const Endpoint& peer) {
    return RelayedStream(
        std::make_shared<const RelayedStream::Setup>(RelayedStream::Setup{weak_from_this(), id, peer}));
  }

  void wake() {
    ++wakes_;
    waiters_.wake();
  }
  asio::awaitable<void> wait() { return waiters_.wait(shared_from_this()); }
  void let_go() {
    network_ = nullptr;
    streams_.clear();
    incoming_.clear();
    waiters_.let_go();
  }

  io::Network* network_;
  io::NetworkUserId id_{};
  turn::ClientConfig config_;
  std::vector<IpAddress> permitted_;  // Before there is an allocation.
  std::optional<turn::TcpAllocation> allocation_;
  std::map<turn::PeerStreamId, Stream> streams_;
  std::deque<std::pair<turn::PeerStreamId, Endpoint>> incoming_;
  std::error_code error_;
  io::SendQueue sending_;
  io::Waiters waiters_;
  std::uint64_t wakes_ = 0;
  std::size_t unrested_bytes_ = 0;
};

}  // namespace detail

// ---- RelayedStream ----------------------------------------------------------------------

const Endpoint& RelayedStream::peer() const { return setup_->peer; }
// Not coroutines themselves: their frames would point to this handle, which may be gone while they wait.
asio::awaitable<std::optional<PacketBuffer>> RelayedStream::receive() {
  return detail::TcpRelayState::receive(setup_->relay.lock(), setup_->id);
}
asio::awaitable<void> RelayedStream::send(Bytes bytes) {
  return detail::TcpRelayState::send(setup_->relay.lock(), setup_->id, bytes);
}
void RelayedStream::close() {
  if (const auto relay = setup_->relay.lock()) relay->close(setup_->id);
}

// ---- TcpRelay ---------------------------------------------------------------------------

TcpRelay::TcpRelay(io::Network& network, TcpRelayConfig config) {
  const turn::ServerUri uri = turn::parse_server_uri(config.url).value();
  if (uri.protocol != TransportProtocol::tcp && uri.protocol != TransportProtocol::tls) {
    throw std::system_error(make_error_code(Errc::invalid_argument));
  }
  state_ = std::make_shared<detail::TcpRelayState>(network, to_client_config(uri, std::move(config)));
  state_->attach();
}

TcpRelay::~TcpRelay() {
  if (state_) state_->close();
}

TcpRelay::TcpRelay(TcpRelay&&) noexcept = default;

TcpRelay& TcpRelay::operator=(TcpRelay&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

asio::awaitable<Endpoint> TcpRelay::allocated() { return detail::TcpRelayState::allocated(state_); }
asio::awaitable<RelayedStream> TcpRelay::connect(Endpoint peer) {
  return detail::TcpRelayState::connect(state_, peer);
}
asio::awaitable<RelayedStream> TcpRelay::accept() { return detail::TcpRelayState::accept(state_); }
Result<void> TcpRelay::permit(const IpAddress& peer) { return state_->permit(peer); }
void TcpRelay::forbid(const IpAddress& peer) { state_->forbid(peer); }
void TcpRelay::set_credentials(std::string username, std::string password) {
  state_->set_credentials({std::move(username), std::move(password)});
}
turn::ClientReport TcpRelay::report() const { return state_->report(); }
void TcpRelay::close() { state_->close(); }

}  // namespace petrel::inline v0
