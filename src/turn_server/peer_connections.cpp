#include "turn_server/peer_connections.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {
namespace {

namespace error_code = stun::error_code;

template <class Take>
void in_packets(Bytes bytes, Take take) {
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), PacketBuffer::capacity));
    take(PacketBuffer::copy_of(piece).value());
    bytes = bytes.subspan(piece.size());
  }
}

}  // namespace

std::size_t PeerConnections::count(const ClientId& client) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [&](const auto& each) { return each.second.client == client; }));
}

bool PeerConnections::has(const ClientId& client, const Endpoint& peer) const {
  return std::ranges::any_of(connections_, [&](const auto& each) {
    return each.second.client == client && each.second.peer == peer && each.second.state != State::draining;
  });
}

std::optional<ClientId> PeerConnections::awaits(std::uint32_t id) const {
  const auto found = ids_.find(id);
  if (found == ids_.end()) return std::nullopt;
  const Connection& connection = connections_.at(found->second);
  if (connection.state != State::unbound) return std::nullopt;
  return connection.client;
}

PeerConnections::Connection* PeerConnections::find(FlowId flow) {
  const auto found = connections_.find(flow);
  return found == connections_.end() ? nullptr : &found->second;
}

PeerConnections::Connection* PeerConnections::find_by_data(FlowId data) {
  const auto found = by_data_.find(data);
  return found == by_data_.end() ? nullptr : find(found->second);
}

PeerConnections::Connection& PeerConnections::add(FlowId flow, Connection connection) {
  connection.id = new_id();
  ids_.emplace(connection.id, flow);
  return connections_.emplace(flow, std::move(connection)).first->second;
}

// By chance, so that nobody binds what is not his; the password is asked for besides.
std::uint32_t PeerConnections::new_id() {
  for (;;) {
    const auto id = static_cast<std::uint32_t>(shared_.random_source().u64());
    if (id != 0 && !ids_.contains(id)) return id;
  }
}

// ---- Until it is bound ------------------------------------------------------------------

void PeerConnections::connect(const Asked& asked, const std::string& username, const Endpoint& peer,
                              const Endpoint& local, const Endpoint& remote) {
  const FlowId flow = shared_.new_flow();
  Connection& connection =
      add(flow, {.client = asked.client, .username = username, .peer = peer, .state = State::connecting});
  connection.asked = asked;
  deadlines_.set(flow, shared_.now() + connect_limit);
  shared_.request(Connect{flow, local, remote, true});
}

void PeerConnections::accept(FlowId flow, const ClientId& client, const std::string& username,
                             const Endpoint& peer) {
  Connection& connection =
      add(flow, {.client = client, .username = username, .peer = peer, .state = State::connecting});
  await_bind(flow, connection);
  stun::Builder builder(stun::Class::indication, stun::Method::connection_attempt,
                        shared_.random_source().bytes<stun::TransactionId{}.size()>());
  builder.xor_peer_address(peer).connection_id(connection.id);
  auto indication = builder.finish({.fingerprint = false});
  PETREL_ASSERT(indication);
  clients_.send_data(client, *std::move(indication));
}

void PeerConnections::await_bind(FlowId flow, Connection& connection) {
  connection.state = State::unbound;
  deadlines_.set(flow, shared_.now() + bind_limit);
  ++shared_.stats().peer_connections_made;
  balance(flow, connection);
}

void PeerConnections::bind(const Asked& asked, const std::string& username,
                           const stun::MessageView& request) {
  const auto id = request.connection_id();
  const auto known = id ? ids_.find(*id) : ids_.end();
  Connection* connection = known == ids_.end() ? nullptr : find(known->second);
  if (connection == nullptr || connection->state != State::unbound) {
    return answers_.refuse(asked, error_code::bad_request);
  }
  if (connection->username != username) return answers_.refuse(asked, error_code::wrong_credentials);
  const FlowId flow = known->second;
  const FlowId data = asked.client.flow;
  stun::Builder builder = Answers::success(asked);
  answers_.send(asked, builder);
  if (!clients_.become_data(data)) return;  // It could not even take the answer.

  connection->state = State::bound;
  connection->data = data;
  by_data_.emplace(data, flow);
  deadlines_.clear(flow);
  for (PacketBuffer& bytes : std::exchange(connection->early, {})) {
    if (!to_client(*connection, std::move(bytes))) return;
  }
  connection->early_bytes = 0;
  if (connection->peer_gone) return drain(flow, *connection);
  balance(flow, *connection);
}

// ---- Bytes ------------------------------------------------------------------------------

void PeerConnections::handle_peer_bytes(FlowId flow, Bytes bytes) {
  Connection* connection = find(flow);
  if (connection == nullptr || connection->state == State::draining) return;
  if (connection->state == State::bound) {
    in_packets(bytes, [&](PacketBuffer packet) { to_client(*connection, std::move(packet)); });
    return balance(flow, *connection);
  }
  connection->early_bytes += bytes.size();
  if (connection->early_bytes > max_early_bytes) return remove(flow, "not_bound");
  in_packets(bytes, [&](PacketBuffer packet) { connection->early.push_back(std::move(packet)); });
}

// False: the data connection has ended over it.
bool PeerConnections::to_client(Connection& connection, PacketBuffer bytes) {
  ++shared_.stats().packets_to_clients;
  shared_.stats().bytes_to_clients += bytes.size();
  return clients_.send_bytes(*connection.data, std::move(bytes));
}

void PeerConnections::handle_client_bytes(FlowId data) {
  const auto known = by_data_.find(data);
  if (known == by_data_.end()) return;
  const FlowId flow = known->second;
  Connection& connection = connections_.at(flow);
  while (auto bytes = clients_.next_bytes(data)) {
    if (connection.state == State::bound) to_peer(flow, *std::move(bytes));
  }
  balance(flow, connection);
}

void PeerConnections::to_peer(FlowId flow, PacketBuffer bytes) {
  ++shared_.stats().packets_to_peers;
  shared_.stats().bytes_to_peers += bytes.size();
  shared_.transmit({flow, {}, std::move(bytes)});
}

// Reads from either side as long as the other takes it.
void PeerConnections::balance(FlowId flow, Connection& connection) {
  const bool full = shared_.is_backlogged();
  if (full) stalled_.insert(flow);
  const bool pause_peer = connection.state != State::bound || connection.data_congested || full;
  const bool pause_data = connection.state != State::bound || connection.peer_congested || full;
  if (!connection.peer_gone && std::exchange(connection.peer_paused, pause_peer) != pause_peer) {
    shared_.request(pause_peer ? IoRequest(PauseFlow{flow}) : IoRequest(ResumeFlow{flow}));
  }
  if (connection.data && !connection.data_gone &&
      std::exchange(connection.data_paused, pause_data) != pause_data) {
    const FlowId data = *connection.data;
    shared_.request(pause_data ? IoRequest(PauseFlow{data}) : IoRequest(ResumeFlow{data}));
  }
}

void PeerConnections::handle_polled() {
  if (stalled_.empty() || !shared_.is_nearly_polled()) return;
  for (const FlowId flow : std::exchange(stalled_, {})) {
    if (Connection* connection = find(flow)) balance(flow, *connection);
  }
}

// ---- Flows ------------------------------------------------------------------------------

void PeerConnections::handle_peer_flow(FlowId flow, const FlowChange& change) {
  Connection* connection = find(flow);
  if (connection == nullptr || connection->peer_gone) return;
  if (std::holds_alternative<FlowOpened>(change) && connection->state == State::connecting) {
    await_bind(flow, *connection);
    const Asked asked = *std::exchange(connection->asked, std::nullopt);
    stun::Builder builder = Answers::success(asked);
    builder.connection_id(connection->id);
    answers_.send(asked, builder);
  } else if (std::holds_alternative<FlowCongested>(change)) {
    connection->peer_congested = true;
    balance(flow, *connection);
  } else if (std::holds_alternative<FlowWritable>(change)) {
    connection->peer_congested = false;
    if (connection->state == State::draining) return remove(flow, "ended");
    balance(flow, *connection);
  } else if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
    connection->peer_gone = true;
    // What an unbound one has sent may still be fetched.
    const bool keeps = connection->state == State::unbound && std::holds_alternative<FlowClosed>(change);
    if (!keeps) drain(flow, *connection);
  }
}

void PeerConnections::handle_client_flow(FlowId data, const FlowChange& change) {
  const auto known = by_data_.find(data);
  if (known == by_data_.end()) return;
  const FlowId flow = known->second;
  Connection& connection = connections_.at(flow);
  if (std::holds_alternative<FlowCongested>(change)) {
    connection.data_congested = true;
    balance(flow, connection);
  } else if (std::holds_alternative<FlowWritable>(change)) {
    connection.data_congested = false;
    if (connection.state == State::draining) return remove(flow, "ended");
    balance(flow, connection);
  } else if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
    // It is told once as it happens, and once when the connection is given up.
    if (!std::exchange(connection.data_gone, true)) drain(flow, connection);
  }
}

// ---- The end ----------------------------------------------------------------------------

// One side is gone. The other ends as well, when it has taken what it was sent; RFC 6062 5.5 has no
// connection that is open in one direction.
void PeerConnections::drain(FlowId flow, Connection& connection) {
  if (connection.asked) {
    answers_.refuse(*std::exchange(connection.asked, std::nullopt),
                    error_code::connection_timeout_or_failure);
  }
  const bool waits =
      connection.state == State::bound &&
      (connection.data_gone ? !connection.peer_gone && connection.peer_congested : connection.data_congested);
  if (!waits) return remove(flow, "ended");
  connection.state = State::draining;
  deadlines_.set(flow, shared_.now() + drain_limit);
  balance(flow, connection);
}

void PeerConnections::remove(FlowId flow, std::string_view why) {
  auto removed = connections_.extract(flow);
  Connection& connection = removed.mapped();
  ids_.erase(connection.id);
  deadlines_.clear(flow);
  stalled_.erase(flow);
  if (connection.asked) answers_.refuse(*connection.asked, error_code::connection_timeout_or_failure);
  if (!connection.peer_gone) shared_.request(CloseFlow{flow});
  if (connection.data) {
    by_data_.erase(*connection.data);
    if (!connection.data_gone) clients_.finish(*connection.data);
  }
  const std::string peer = connection.peer.to_string();
  shared_.log(LogLevel::debug, "turn_server.peer_connection_ended", {{"peer", peer}, {"why", why}});
}

void PeerConnections::forget(const ClientId& client) {
  std::vector<FlowId> flows;
  for (auto& [flow, connection] : connections_) {
    if (connection.client != client) continue;
    connection.asked.reset();  // There is nobody to be answered.
    flows.push_back(flow);
  }
  for (const FlowId flow : flows) remove(flow, "allocation_ended");
}

void PeerConnections::handle_timeout() {
  while (const auto flow = deadlines_.take_due(shared_.now())) remove(*flow, "timed_out");
}

}  // namespace petrel::inline v0::turn_server
