#include "turn_server/clients.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "turn_server/application_protocol.hpp"

namespace petrel::inline v0::turn_server {
void Clients::accept(FlowId flow, const FlowAccepted& accepted, TransportProtocol protocol) {
  if (connections_.contains(flow) || !admissions_.enter(accepted.remote.address)) {
    ++shared_.stats().connections_refused;
    shared_.request(CloseFlow{flow});
    return;
  }
  Connection connection{.client = {flow, accepted.remote}};
  if (protocol == TransportProtocol::tls) {
    auto session = tls::Connection::server(shared_.now(), tls::Transport::stream, *shared_.config().identity,
                                           {application_protocol});
    if (!session) {
      admissions_.leave(accepted.remote.address);
      ++shared_.stats().connections_refused;
      shared_.request(CloseFlow{flow});
      return;
    }
    connection.tls = *std::move(session);
  }
  Connection& kept = connections_.emplace(flow, std::move(connection)).first->second;
  deadlines_.set(flow, shared_.now() + shared_.config().timeouts.connection_without_allocation);
  if (kept.tls) run_tls(kept);
}

void Clients::handle_flow(FlowId flow, const FlowChange& change) {
  Connection* connection = find(flow);
  if (connection == nullptr) return;
  if (std::holds_alternative<FlowCongested>(change)) {
    connection->congested = true;
  } else if (std::holds_alternative<FlowWritable>(change)) {
    connection->congested = false;
    connection->unread_answers = 0;
  } else if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
    end(*connection);
  }
}

Clients::Connection* Clients::find(FlowId flow) {
  const auto found = connections_.find(flow);
  return found == connections_.end() || found->second.over ? nullptr : &found->second;
}

std::optional<ClientId> Clients::client_of(FlowId flow) const {
  const auto found = connections_.find(flow);
  if (found == connections_.end() || found->second.over) return std::nullopt;
  return found->second.client;
}

// ---- In ---------------------------------------------------------------------------------

void Clients::handle_bytes(FlowId flow, Bytes bytes) {
  Connection* connection = find(flow);
  if (connection == nullptr) return;
  if (connection->tls) {
    connection->tls->handle_bytes(shared_.now(), bytes);
    run_tls(*connection);
  } else {
    take_in(*connection, bytes);
  }
}

void Clients::take_in(Connection& connection, Bytes bytes) {
  if (!connection.is_data) return connection.deframer.feed(bytes);
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), PacketBuffer::capacity));
    connection.bytes.push_back(PacketBuffer::copy_of(piece).value());
    bytes = bytes.subspan(piece.size());
  }
}

bool Clients::become_data(FlowId flow) {
  Connection* connection = find(flow);
  if (connection == nullptr) return false;
  connection->is_data = true;
  deadlines_.clear(flow);
  // A client has to wait for our answer, but nothing is lost of one that did not.
  take_in(*connection, connection->deframer.take_rest());
  return true;
}

std::optional<PacketBuffer> Clients::next_bytes(FlowId flow) {
  Connection* connection = find(flow);
  if (connection == nullptr || connection->bytes.empty()) return std::nullopt;
  std::optional<PacketBuffer> first(std::move(connection->bytes.front()));
  connection->bytes.pop_front();
  return first;
}

bool Clients::send_bytes(FlowId flow, PacketBuffer bytes) {
  Connection* connection = find(flow);
  if (connection == nullptr) return false;
  send(*connection, std::move(bytes));
  return !connection->over;
}

void Clients::finish(FlowId flow) {
  if (Connection* connection = find(flow)) drop(*connection, "closed");
}

std::optional<Bytes> Clients::next_message(FlowId flow) {
  Connection* connection = find(flow);
  if (connection == nullptr || connection->is_data) return std::nullopt;
  if (const auto message = connection->deframer.next()) return message;
  if (connection->deframer.broken()) {
    ++shared_.stats().malformed;
    drop(*connection, "not_turn");
  } else if (!connection->has_allocation && connection->deframer.buffered() > max_unfinished_bytes) {
    drop(*connection, "too_long");
  }
  return std::nullopt;
}

// ---- Out --------------------------------------------------------------------------------

void Clients::send_data(const ClientId& client, PacketBuffer message) {
  const std::size_t size = message.size();
  Connection* connection = client.is_stream() ? find(client.flow) : nullptr;
  const bool stalled = client.is_stream() && (connection == nullptr || connection->congested);
  if (stalled || !shared_.has_room() || size == 0) {
    ++shared_.stats().packets_dropped;
    return;
  }
  if (connection != nullptr) return send(*connection, std::move(message));
  send_datagram(client, std::move(message));
}

void Clients::send_answer(const ClientId& client, PacketBuffer message) {
  if (!client.is_stream()) return send_datagram(client, std::move(message));
  Connection* connection = find(client.flow);
  if (connection == nullptr) return;
  if (!shared_.has_room() || (connection->congested && ++connection->unread_answers > max_unread_answers)) {
    return drop(*connection, "unread");
  }
  send(*connection, std::move(message));
}

bool Clients::is_dtls(const ClientId& client) const {
  return !client.is_stream() && std::ranges::find(dtls_listeners_, client.flow) != dtls_listeners_.end();
}

void Clients::send_datagram(const ClientId& client, PacketBuffer message) {
  if (is_dtls(client)) {
    if (!dtls_.send(client, message.bytes())) ++shared_.stats().packets_dropped;
  } else if (shared_.has_room()) {
    shared_.transmit({client.flow, client.remote, std::move(message)});
  } else {
    ++shared_.stats().packets_dropped;
  }
}

void Clients::send(Connection& connection, PacketBuffer message) {
  if (!connection.tls) return shared_.transmit({connection.client.flow, {}, std::move(message)});
  if (!connection.tls->send(shared_.now(), message.bytes())) return drop(connection, "tls_failed");
  flush_tls(connection);
}

void Clients::flush_tls(Connection& connection) {
  while (auto packet = connection.tls->poll_packet()) {
    shared_.transmit({connection.client.flow, {}, *std::move(packet)});
  }
}

// Moves what TLS has made: records out, data in.
void Clients::run_tls(Connection& connection) {
  const FlowId flow = connection.client.flow;
  flush_tls(connection);
  while (auto event = connection.tls->poll_event()) {
    if (auto* data = std::get_if<tls::Data>(&*event)) {
      take_in(connection, data->payload.bytes());
    } else if (std::holds_alternative<tls::Closed>(*event)) {
      return drop(connection, "closed");
    } else if (std::holds_alternative<tls::Failed>(*event)) {
      return drop(connection, "tls_failed");
    }
  }
  if (const auto due = connection.tls->next_timeout()) {
    tls_deadlines_.set(flow, *due);
  } else {
    tls_deadlines_.clear(flow);
  }
}

// ---- The end ----------------------------------------------------------------------------

void Clients::set_allocated(const ClientId& client, bool has_allocation) {
  dtls_.set_allocated(client, has_allocation);
  Connection* connection = find(client.flow);
  if (connection == nullptr) return;
  connection->has_allocation = has_allocation;
  if (has_allocation) {
    deadlines_.clear(client.flow);
  } else {
    deadlines_.set(client.flow, shared_.now() + shared_.config().timeouts.connection_without_allocation);
  }
}

void Clients::handle_timeout() {
  dtls_.handle_timeout();
  while (const auto flow = tls_deadlines_.take_due(shared_.now())) {
    Connection* connection = find(*flow);
    if (connection == nullptr) continue;
    connection->tls->handle_timeout(shared_.now());
    run_tls(*connection);
  }
  while (const auto flow = deadlines_.take_due(shared_.now())) {
    if (Connection* connection = find(*flow)) drop(*connection, "idle");
  }
}

std::optional<TimePoint> Clients::next_timeout() const {
  std::optional<TimePoint> next = dtls_.next_timeout();
  for (const auto& due : {deadlines_.earliest(), tls_deadlines_.earliest()}) {
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Clients::close() {
  dtls_.close();
  for (auto& [flow, connection] : connections_) drop(connection, "closed");
}

void Clients::drop(Connection& connection, std::string_view why) {
  if (connection.over) return;
  const std::string remote = connection.client.remote.to_string();
  shared_.log(LogLevel::info, "turn_server.connection_dropped", {{"client", remote}, {"why", why}});
  if (why != "closed") ++shared_.stats().connections_dropped;
  if (connection.tls) {
    connection.tls->close(shared_.now());
    flush_tls(connection);
  }
  end(connection);
  shared_.request(CloseFlow{connection.client.flow});
}

void Clients::end(Connection& connection) {
  if (std::exchange(connection.over, true)) return;
  deadlines_.clear(connection.client.flow);
  tls_deadlines_.clear(connection.client.flow);
  over_.push_back(connection.client.flow);
}

std::optional<ClientId> Clients::poll_ended() {
  if (over_.empty()) return dtls_.poll_ended();
  const auto found = connections_.find(over_.back());
  over_.pop_back();
  const ClientId client = found->second.client;
  admissions_.leave(client.remote.address);
  connections_.erase(found);
  return client;
}

}  // namespace petrel::inline v0::turn_server
