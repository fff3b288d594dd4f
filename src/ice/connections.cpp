#include "ice/connections.hpp"

#include <algorithm>
#include <utility>

#include "ice/ports.hpp"

namespace petrel::inline v0::ice {
namespace {

// Over the life of an agent; interfaces that come and go get new ones.
constexpr std::size_t max_tcp_sockets_ever = 256;

bool is_stun(Bytes payload) { return !payload.empty() && std::to_integer<int>(payload.front()) <= 3; }

bool is_gone(const FlowChange& change) {
  return std::holds_alternative<FlowFailed>(change) || std::holds_alternative<FlowClosed>(change);
}

}  // namespace

void Connections::use(std::span<const IpAddress> addresses) {
  for (const Socket& socket : std::vector(sockets_)) {
    if (std::ranges::find(addresses, socket.local.address) != addresses.end()) continue;
    if (socket.passive) shared_.requests.push_back(CloseFlow{socket.flow});
    fail(socket.flow);
  }
  const AgentConfig& config = shared_.config;
  const bool both = config.tcp == TcpCandidates::both;
  for (const IpAddress& address : addresses) {
    if ((both || config.tcp == TcpCandidates::active) && !config.lite) add(address, false);
    if (both || config.tcp == TcpCandidates::passive) add(address, true);
  }
  sweep();
}

void Connections::add(const IpAddress& address, bool passive) {
  const bool known = std::ranges::any_of(sockets_, [&](const Socket& socket) {
    return socket.local.address == address && socket.passive == passive;
  });
  if (known || next_preference_ <= 0xffff - max_tcp_sockets_ever) return;
  Socket socket;
  socket.local = {address, passive ? std::uint16_t{0} : active_port};
  socket.preference = next_preference_--;
  socket.passive = passive;
  if (passive) {
    sockets_.push_back(socket);
    return listen(sockets_.back());
  }
  // Nothing has to be opened before there is a connection to open.
  socket.flow = shared_.next_flow();
  socket.ready = true;
  sockets_.push_back(socket);
  news_.push_back(TcpSocketOpened{socket.flow, socket.local, tcp_active, socket.preference});
}

void Connections::listen(Socket& socket) {
  socket.flow = shared_.next_flow();
  const AgentConfig& config = shared_.config;
  const auto& range = config.tcp_ports ? config.tcp_ports : config.ports;
  const std::uint16_t port = next_port(range, socket.local.port, socket.ports_tried, shared_.random);
  shared_.requests.push_back(Listen{socket.flow, {socket.local.address, port}});
}

bool Connections::is_busy() const {
  return std::ranges::find(sockets_, false, &Socket::ready) != sockets_.end();
}

// What it has accepted would stay open, but ICE has no socket any more that it could be a pair of.
void Connections::fail(FlowId socket) {
  for (const auto& connection : connections_) {
    if (connection->candidate == socket) end(*connection, PairOutcome::socket_failed);
  }
  std::erase_if(sockets_, [&](const Socket& each) { return each.flow == socket; });
  std::erase_if(news_, [&](const TcpNews& each) {
    const auto* opened = std::get_if<TcpSocketOpened>(&each);
    return opened != nullptr && opened->flow == socket;
  });
  news_.push_back(TcpSocketFailed{socket});
}

std::optional<TcpNews> Connections::poll_news(bool failures_only) {
  const auto next = std::ranges::find_if(news_, [&](const TcpNews& each) {
    return !failures_only || std::holds_alternative<TcpSocketFailed>(each);
  });
  if (next == news_.end()) return std::nullopt;
  TcpNews news = *next;
  news_.erase(next);
  return news;
}

void Connections::handle_flow(FlowId flow, const FlowChange& change) {
  if (const auto* accepted = std::get_if<FlowAccepted>(&change)) {
    accept(flow, *accepted);
  } else {
    handle_listener(flow, change);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& connection = *connections_[i];
      if (connection.flow == flow && !connection.over) handle_change(connection, change);
    }
  }
  sweep();
}

void Connections::handle_listener(FlowId flow, const FlowChange& change) {
  const auto socket =
      std::ranges::find_if(sockets_, [&](const Socket& each) { return each.passive && each.flow == flow; });
  if (socket == sockets_.end()) return;
  if (const auto* opened = std::get_if<FlowOpened>(&change)) {
    if (std::exchange(socket->ready, true)) return;
    socket->local = opened->local;
    news_.push_back(TcpSocketOpened{flow, socket->local, tcp_passive, socket->preference});
  } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    const AgentConfig& config = shared_.config;
    const unsigned enough = ports_to_try(config.tcp_ports ? config.tcp_ports : config.ports);
    const bool taken = failed->error == std::errc::address_in_use;
    if (taken && !socket->ready && socket->ports_tried < enough) return listen(*socket);
    ++shared_.stats.sockets_failed;
    fail(flow);
  }
}

void Connections::accept(FlowId flow, const FlowAccepted& accepted) {
  const Socket* socket = find_socket(accepted.listener);
  if (socket == nullptr || !socket->passive) return;
  // The same port again is a new connection of a peer that lost the old one without a word.
  if (Connection* old = find(accepted.listener, accepted.remote)) end(*old, PairOutcome::connection_lost);
  sweep();
  const auto unproven = std::ranges::count_if(connections_, [](const auto& each) { return !each->proven; });
  if (connections_.size() >= max_connections ||
      static_cast<std::size_t>(unproven) >= max_unproven_connections) {
    ++shared_.stats.tcp_connections_refused;
    shared_.requests.push_back(CloseFlow{flow});
    return;
  }
  ++shared_.stats.tcp_connections_accepted;
  auto connection = std::make_unique<Connection>();
  connection->flow = flow;
  connection->candidate = accepted.listener;
  connection->local = accepted.local;
  connection->remote = accepted.remote;
  connection->open = true;
  connection->since = connection->last_used = shared_.now;
  connections_.push_back(std::move(connection));
}

void Connections::handle_change(Connection& connection, const FlowChange& change) {
  if (const auto* opened = std::get_if<FlowOpened>(&change)) {
    if (std::exchange(connection.open, true)) return;
    connection.local = opened->local;
    ++shared_.stats.tcp_connections_opened;
    shared_.opened_connections.push_back({connection.candidate, connection.remote});
    for (PacketBuffer& frame : std::exchange(connection.waiting, {}))
      shared_.queue(connection.flow, connection.remote, std::move(frame));
  } else if (std::holds_alternative<FlowCongested>(change)) {
    connection.congested = true;
    // Whoever asks, but does not take the answers in, is nobody's peer.
    if (!connection.proven) reject(connection.candidate, connection.remote);
  } else if (std::holds_alternative<FlowWritable>(change)) {
    connection.congested = false;
  } else if (is_gone(change)) {
    if (connection.open && connection.proven) ++shared_.stats.tcp_connections_lost;
    end(connection, connection.open ? PairOutcome::connection_lost : PairOutcome::connection_failed, true);
  }
}

Connections::Connection* Connections::connect(const Socket& socket, const Endpoint& remote) {
  if (connections_.size() >= max_connections) {
    ++shared_.stats.tcp_connections_refused;
    return nullptr;
  }
  auto connection = std::make_unique<Connection>();
  connection->flow = shared_.next_flow();
  connection->candidate = socket.flow;
  connection->local = {socket.local.address, 0};
  connection->remote = remote;
  // It goes where a candidate of the peer has sent us.
  connection->proven = true;
  connection->since = connection->last_used = shared_.now;
  shared_.requests.push_back(Connect{connection->flow, connection->local, remote});
  connections_.push_back(std::move(connection));
  return connections_.back().get();
}

bool Connections::send(FlowId candidate, const Endpoint& destination, PacketBuffer payload) {
  AgentStats& stats = shared_.stats;
  const bool stun = is_stun(payload.bytes());
  Connection* connection = find(candidate, destination);
  if (!stun && (connection == nullptr || !connection->open || connection->congested)) {
    ++stats.tcp_packets_dropped;
    return false;
  }
  const Socket* socket = find_socket(candidate);
  if (connection == nullptr && socket != nullptr && !socket->passive)
    connection = connect(*socket, destination);
  if (connection == nullptr) return false;
  connection->last_used = shared_.now;
  if (connection->open)
    return shared_.queue(connection->flow, connection->remote, to_frame(std::move(payload)));
  if (connection->waiting.size() >= max_waiting_frames) return false;
  connection->waiting.push_back(to_frame(std::move(payload)));
  return true;
}

bool Connections::handle_bytes(const Datagram& bytes) {
  const auto connection = std::ranges::find_if(
      connections_, [&](const auto& each) { return each->flow == bytes.flow && !each->over; });
  if (connection == connections_.end()) return false;
  receiving_ = connection->get();
  receiving_->last_used = shared_.now;
  received_ = bytes.payload;
  return true;
}

std::optional<Datagram> Connections::poll_frame() {
  if (receiving_ != nullptr && !receiving_->over) {
    const auto frame = receiving_->deframer.next(received_);
    shared_.stats.tcp_frames_too_long += receiving_->deframer.take_oversized();
    if (frame) return Datagram{receiving_->candidate, receiving_->remote, receiving_->local, *frame};
  }
  receiving_ = nullptr;
  sweep();
  return std::nullopt;
}

bool Connections::is_open(FlowId candidate, const Endpoint& remote) const {
  const Connection* connection = find(candidate, remote);
  return connection != nullptr && connection->open;
}

bool Connections::is_proven(FlowId candidate, const Endpoint& remote) const {
  const Connection* connection = find(candidate, remote);
  return connection != nullptr && connection->proven;
}

void Connections::prove(FlowId candidate, const Endpoint& remote) {
  if (Connection* connection = find(candidate, remote)) connection->proven = true;
}

void Connections::reject(FlowId candidate, const Endpoint& remote) {
  Connection* connection = find(candidate, remote);
  if (connection == nullptr) return;
  ++shared_.stats.tcp_connections_unproven;
  end(*connection, PairOutcome::connection_lost);
}

void Connections::abandon(FlowId candidate, const Endpoint& remote) {
  const Socket* socket = find_socket(candidate);
  Connection* connection = find(candidate, remote);
  if (socket == nullptr || socket->passive || connection == nullptr) return;
  ++shared_.stats.tcp_connections_lost;
  end(*connection, PairOutcome::connection_lost);
}

TimePoint Connections::deadline(const Connection& connection) const {
  return connection.proven ? connection.last_used + idle_limit : connection.since + proving_time;
}

void Connections::handle_timeout() {
  for (const auto& connection : connections_) {
    if (connection->over || shared_.now < deadline(*connection)) continue;
    if (connection->proven) {
      end(*connection, connection->open ? PairOutcome::stopped : PairOutcome::connection_failed);
    } else {
      reject(connection->candidate, connection->remote);
    }
  }
  sweep();
}

std::optional<TimePoint> Connections::next_timeout() const {
  std::optional<TimePoint> next;
  for (const auto& connection : connections_) {
    if (!connection->over) next = earlier(next, deadline(*connection));
  }
  return next;
}

// Streams hear of it when the agent settles; sweep() removes it.
void Connections::end(Connection& connection, PairOutcome outcome, bool gone) {
  if (std::exchange(connection.over, true)) return;
  shared_.transmits.remove_if([&](const Transmit& each) { return each.flow == connection.flow; });
  if (!gone) shared_.requests.push_back(CloseFlow{connection.flow});
  shared_.ended_connections.push_back({connection.candidate, connection.remote, outcome});
}

void Connections::sweep() {
  if (receiving_ != nullptr) return;
  std::erase_if(connections_, [](const auto& connection) { return connection->over; });
}

const Connections::Socket* Connections::find_socket(FlowId candidate) const {
  const auto it = std::ranges::find(sockets_, candidate, &Socket::flow);
  return it == sockets_.end() ? nullptr : &*it;
}

Connections::Connection* Connections::find(FlowId candidate, const Endpoint& remote) const {
  for (const auto& connection : connections_) {
    if (connection->candidate == candidate && connection->remote == remote && !connection->over)
      return connection.get();
  }
  return nullptr;
}

void Connections::close() {
  receiving_ = nullptr;
  for (const auto& connection : connections_) {
    if (!connection->over) shared_.requests.push_back(CloseFlow{connection->flow});
  }
  for (const Socket& socket : sockets_) {
    if (socket.passive) shared_.requests.push_back(CloseFlow{socket.flow});
  }
  connections_.clear();
  sockets_.clear();
  news_.clear();
}

}  // namespace petrel::inline v0::ice
