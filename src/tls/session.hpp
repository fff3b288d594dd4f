#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/tls/connection.hpp"
#include "tls/openssl_handles.hpp"
#include "tls/server_name.hpp"
#include "tls/transport_bio.hpp"

namespace petrel::inline v0::tls {

/// What a Connection holds: OpenSSL's SSL and all that its callbacks use. It does not move, as
/// OpenSSL keeps a pointer to it.
class Session {
 public:
  static Result<std::unique_ptr<Session>> client(TimePoint now, const ClientConfig& config);
  static Result<std::unique_ptr<Session>> server(TimePoint now, Transport transport,
                                                 const ServerIdentity& identity,
                                                 const std::vector<std::string>& alpn,
                                                 const std::optional<Connection::Cookie>& cookie);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Connection's functions, as documented there.
  void handle_bytes(TimePoint now, Bytes bytes);
  void handle_end(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<PacketBuffer> poll_packet();
  std::optional<Connection::Event> poll_event();
  Result<void> send(TimePoint now, Bytes application_data);
  void close(TimePoint now);
  bool heard_from_client() const { return !listening_; }
  bool connected() const { return state_ == State::connected; }
  bool open() const { return state_ != State::closed; }
  ConnectionStats stats() const;

  // What OpenSSL's callbacks, which are free functions, do with the session they belong to.
  static Session& of(const SSL& ssl) { return *static_cast<Session*>(SSL_get_app_data(&ssl)); }
  static int on_verify(int accepted, X509_STORE_CTX* store);
  static unsigned on_timer(SSL* ssl, unsigned previous_us);
  bool write_cookie(unsigned char* out, unsigned& size) const;
  bool accepts_cookie(Bytes cookie) const;
  Bytes alpn() const { return as_bytes(alpn_); }  ///< In the form of RFC 7301 3.1.

 private:
  enum class State : std::uint8_t { handshaking, connected, closed };

  Session(TimePoint now, Transport transport, Duration handshake_timeout);
  Result<void> create(SSL_CTX& context, const std::vector<std::string>& alpn);
  Result<void> expect_server(const ClientConfig& config);
  bool show(const ServerIdentity& identity);
  void observe(TimePoint now) { now_ = now > now_ ? now : now_; }
  bool stream() const { return port_.transport == Transport::stream; }
  void set_up_datagrams();
  bool listen();
  void advance();
  void finish_handshake();
  void read_stream();
  void read_records();
  Result<void> keep_early(Bytes application_data);
  Result<void> write(Bytes application_data);
  void handle_error(int result);
  void fail(Failed failure);
  void end();
  void update_timer();

  State state_ = State::handshaking;
  TimePoint now_;
  std::optional<TimePoint> handshake_deadline_;
  std::optional<TimePoint> retransmit_at_;

  std::string server_name_;  // As the user wrote it.
  std::int64_t unix_time_ = 0;
  std::optional<Failed> certificate_failure_;
  std::string alpn_;
  Connection::Cookie cookie_{};
  bool listening_ = false;  // For a DTLS client that sends the cookie back.

  TransportPort port_;
  std::deque<std::vector<std::byte>> early_;
  std::size_t early_bytes_ = 0;
  std::deque<Connection::Event> events_;
  ConnectionStats stats_;

  ContextHandle context_;  // A client's own; servers share their identity's.
  SslHandle ssl_;          // Last: goes first, while what its callbacks use is still there.
};

}  // namespace petrel::inline v0::tls
