#include "turn_server/dtls_sessions.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

#include "turn_server/application_protocol.hpp"

namespace petrel::inline v0::turn_server {
namespace {

constexpr std::size_t record_header_size = 13;     // RFC 6347 4.1
constexpr std::size_t handshake_header_size = 12;  // RFC 6347 4.2.2
constexpr std::byte handshake_record{22};
constexpr std::byte dtls_major{254};
constexpr std::byte client_hello{1};

}  // namespace

bool DtlsSessions::begins_session(Bytes datagram) {
  return datagram.size() > record_header_size + handshake_header_size && datagram[0] == handshake_record &&
         datagram[1] == dtls_major && datagram[record_header_size] == client_hello;
}

DtlsSessions::Session* DtlsSessions::find(const ClientId& client) {
  const auto found = sessions_.find(client);
  return found == sessions_.end() || found->second.over ? nullptr : &found->second;
}
const DtlsSessions::Session* DtlsSessions::find(const ClientId& client) const {
  const auto found = sessions_.find(client);
  return found == sessions_.end() || found->second.over ? nullptr : &found->second;
}

tls::Connection::Cookie DtlsSessions::cookie_of(const ClientId& client) {
  std::array<std::byte, 4 + 16 + 2> signed_part{};
  ByteWriter writer(signed_part);
  writer.u32(client.flow.value);
  writer.bytes(std::as_bytes(std::span(client.remote.address.octets())));
  writer.u16(client.remote.port);
  const auto signature = cookie_key_.compute(signed_part);
  tls::Connection::Cookie cookie;
  std::copy_n(signature.begin(), cookie.size(), cookie.begin());
  return cookie;
}

void DtlsSessions::handle_datagram(const ClientId& client, Bytes datagram) {
  Session* session = find(client);
  if (session == nullptr) return begin(client, datagram);
  session->dtls.handle_bytes(shared_.now(), datagram);
  run(*session);
}

void DtlsSessions::begin(const ClientId& client, Bytes hello) {
  if (sessions_.contains(client)) return;  // One that is over, and waits to be forgotten.
  auto dtls = tls::Connection::server(shared_.now(), tls::Transport::datagram, *shared_.config().identity,
                                      {application_protocol}, cookie_of(client));
  if (!dtls) {
    ++shared_.stats().connections_refused;
    return;
  }
  dtls->handle_bytes(shared_.now(), hello);
  Session session{client, *std::move(dtls)};
  if (!session.dtls.heard_from_client()) return flush(session);
  if (!admissions_.enter(client.remote.address)) {
    ++shared_.stats().connections_refused;
    return;
  }
  Session& kept = sessions_.emplace(client, std::move(session)).first->second;
  deadlines_.set(client, shared_.now() + shared_.config().timeouts.connection_without_allocation);
  run(kept);
}

std::optional<PacketBuffer> DtlsSessions::next_message(const ClientId& client) {
  Session* session = find(client);
  if (session == nullptr) return std::nullopt;
  while (auto event = session->dtls.poll_event()) {
    if (auto* data = std::get_if<tls::Data>(&*event)) return std::move(data->payload);
    if (std::holds_alternative<tls::Closed>(*event)) {
      drop(*session, "closed");
      return std::nullopt;
    }
    if (std::holds_alternative<tls::Failed>(*event)) {
      drop(*session, "dtls_failed");
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool DtlsSessions::send(const ClientId& client, Bytes message) {
  Session* session = find(client);
  if (session == nullptr || !shared_.has_room() || !session->dtls.connected()) return false;
  const bool sent = session->dtls.send(shared_.now(), message).has_value();
  flush(*session);
  return sent;
}

void DtlsSessions::flush(Session& session) {
  while (auto packet = session.dtls.poll_packet()) {
    if (shared_.has_room()) {
      shared_.transmit({session.client.flow, session.client.remote, *std::move(packet)});
    } else {
      ++shared_.stats().packets_dropped;
    }
  }
}

void DtlsSessions::run(Session& session) {
  flush(session);
  if (const auto due = session.dtls.next_timeout()) {
    dtls_deadlines_.set(session.client, *due);
  } else {
    dtls_deadlines_.clear(session.client);
  }
}

void DtlsSessions::set_allocated(const ClientId& client, bool has_allocation) {
  if (find(client) == nullptr) return;
  if (has_allocation) {
    deadlines_.clear(client);
  } else {
    deadlines_.set(client, shared_.now() + shared_.config().timeouts.connection_without_allocation);
  }
}

void DtlsSessions::handle_timeout() {
  while (const auto client = dtls_deadlines_.take_due(shared_.now())) {
    Session* session = find(*client);
    if (session == nullptr) continue;
    session->dtls.handle_timeout(shared_.now());
    run(*session);
    if (!session->dtls.open()) drop(*session, "dtls_failed");
  }
  while (const auto client = deadlines_.take_due(shared_.now())) {
    if (Session* session = find(*client)) drop(*session, "idle");
  }
}

std::optional<TimePoint> DtlsSessions::next_timeout() const {
  const auto idle = deadlines_.earliest();
  const auto dtls = dtls_deadlines_.earliest();
  if (!idle || !dtls) return idle ? idle : dtls;
  return std::min(*idle, *dtls);
}

void DtlsSessions::close() {
  for (auto& [client, session] : sessions_) drop(session, "closed");
}

void DtlsSessions::drop(Session& session, std::string_view why) {
  if (std::exchange(session.over, true)) return;
  const std::string remote = session.client.remote.to_string();
  shared_.log(LogLevel::info, "turn_server.connection_dropped", {{"client", remote}, {"why", why}});
  if (why != "closed") ++shared_.stats().connections_dropped;
  session.dtls.close(shared_.now());
  flush(session);
  deadlines_.clear(session.client);
  dtls_deadlines_.clear(session.client);
  over_.push_back(session.client);
}

std::optional<ClientId> DtlsSessions::poll_ended() {
  if (over_.empty()) return std::nullopt;
  const ClientId client = over_.back();
  over_.pop_back();
  sessions_.erase(client);
  admissions_.leave(client.remote.address);
  return client;
}

}  // namespace petrel::inline v0::turn_server
