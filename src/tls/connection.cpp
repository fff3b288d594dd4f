#include "petrel/tls/connection.hpp"

#include <utility>

#include "tls/session.hpp"

namespace petrel::inline v0::tls {

Result<Connection> Connection::client(TimePoint now, ClientConfig config) {
  auto session = Session::client(now, config);
  if (!session) return session.error();
  return Connection(*std::move(session));
}

Result<Connection> Connection::server(TimePoint now, Transport transport, const ServerIdentity& identity,
                                      std::vector<std::string> alpn, std::optional<Cookie> cookie) {
  auto session = Session::server(now, transport, identity, alpn, cookie);
  if (!session) return session.error();
  return Connection(*std::move(session));
}

Connection::Connection(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

void Connection::handle_bytes(TimePoint now, Bytes bytes) { session_->handle_bytes(now, bytes); }
void Connection::handle_end(TimePoint now) { session_->handle_end(now); }
void Connection::handle_timeout(TimePoint now) { session_->handle_timeout(now); }
std::optional<TimePoint> Connection::next_timeout() const { return session_->next_timeout(); }
std::optional<PacketBuffer> Connection::poll_packet() { return session_->poll_packet(); }
std::optional<Connection::Event> Connection::poll_event() { return session_->poll_event(); }
Result<void> Connection::send(TimePoint now, Bytes application_data) {
  return session_->send(now, application_data);
}
void Connection::close(TimePoint now) { session_->close(now); }
bool Connection::heard_from_client() const { return session_->heard_from_client(); }
bool Connection::connected() const { return session_->connected(); }
bool Connection::open() const { return session_->open(); }
ConnectionStats Connection::stats() const { return session_->stats(); }

}  // namespace petrel::inline v0::tls
