#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/time.hpp"
#include "petrel/tls/errc.hpp"
#include "petrel/tls/identity.hpp"

namespace petrel::inline v0::tls {

/// What is below: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) run over a stream of bytes,
/// DTLS 1.2 (RFC 6347) over datagrams.
enum class Transport : std::uint8_t { stream, datagram };

struct ClientConfig {
  Transport transport = Transport::stream;
  /// Who the server has to be: a DNS name or the text of an IP address. Its certificate must be for
  /// it (RFC 9525 6; only subjectAltName counts), and a DNS name is sent as SNI (RFC 6066 3).
  std::string server_name{};
  /// Roots to trust beside the system's, in PEM. A server's own self-signed certificate will do.
  std::string ca_pem{};
  /// Trust what the system trusts: OpenSSL's default files, read once per process, or whenever
  /// there is a `ca_pem` too. SSL_CERT_FILE and SSL_CERT_DIR in the environment name others.
  bool use_system_roots = true;
  /// Talk to anybody who answers, whoever it is: whoever sits on the way can read and change
  /// everything. For tests only.
  bool dangerously_skip_verification = false;
  /// Who we are, for a server that asks for a certificate. Without one, none is shown.
  std::optional<ServerIdentity> identity{};
  /// Application protocols to offer, best first (RFC 7301), such as "http/1.1" or "stun.turn".
  std::vector<std::string> alpn{};
  /// When to look at the certificate's dates, in seconds since 1970; 0: when time() says it is.
  std::int64_t unix_time = 0;
  /// From the beginning until Connected.
  Duration handshake_timeout = std::chrono::seconds(30);
};

/// The handshake is done, and the server is who it has to be.
struct Connected {
  std::string version;  ///< "TLSv1.3", "TLSv1.2" or "DTLSv1.2".
  std::string cipher;   ///< OpenSSL's name of the suite.
  std::string alpn;     ///< What both agreed on, or empty.
};
/// Application data: on a datagram transport one record as it was sent, on a stream the next
/// bytes, cut anywhere.
struct Data {
  PacketBuffer payload;
};
/// The peer said close_notify: nothing is missing, and nothing more comes.
struct Closed {};
/// The connection is over. `error` is an Errc or petrel::Errc::limit_reached.
struct Failed {
  std::error_code error;
  /// For people: what was wrong in this case, and what to do. "the certificate is for
  /// example.org, not for turn.example.com". Printable ASCII, whatever a certificate says.
  std::string detail;
};

struct ConnectionStats {
  std::uint64_t bytes_sent = 0;         ///< As the transport sees them.
  std::uint64_t bytes_received = 0;     ///< Likewise.
  std::uint64_t retransmissions = 0;    ///< Flights of a DTLS handshake that had to be sent again.
  std::uint64_t packets_malformed = 0;  ///< Datagrams that are no DTLS records. Dropped.
  std::uint64_t data_dropped = 0;       ///< Records that found no room, or were no packet. Datagrams only.
  std::uint64_t output_dropped = 0;     ///< Datagrams that nobody polled in time.
};

/// One TLS or DTLS connection to or from a server that is named by its certificate.
///
/// A payload core: it knows no addresses. The owner carries bytes between it and its transport,
/// and on a stream neither side may lose any. Everything it holds is bounded: see the limits.
///
/// OpenSSL reads gettimeofday() for the retransmission timer of DTLS, and draws from its own
/// random generator: the two exceptions to "a core is told". Tests interpose both
/// (tests/support/virtual_wall_clock.hpp).
class PETREL_API Connection {
 public:
  using Event = std::variant<Connected, Data, Closed, Failed>;

  /// Application data given to send() before the handshake was done.
  static constexpr std::size_t max_early_bytes = 64 * 1024;
  /// Bytes of a stream that nobody polled: two seconds of video at 4 Mbit/s. send() refuses what
  /// goes over it.
  static constexpr std::size_t max_unsent_bytes = 1024 * 1024;
  /// Packets of a datagram transport that nobody polled.
  static constexpr std::size_t max_unsent_packets = 1024;
  /// Data events that nobody polled. A datagram over it is dropped; a stream, which cannot drop, fails.
  static constexpr std::size_t max_unread_events = 1024;
  /// The most that one send() can put into a datagram: together with what DTLS adds it fits the
  /// UDP payload of an Ethernet frame, 1472 bytes.
  static constexpr std::size_t max_datagram_bytes = 1472 - 37;

  /// A client has its first flight ready at once. Errors: Errc::bad_roots, bad_server_name, bad_alpn,
  /// library_failure.
  static Result<Connection> client(TimePoint now, ClientConfig config);

  /// What a client over datagrams has to send back (RFC 6347 4.2.1).
  using Cookie = std::array<std::byte, 16>;

  /// A server, which asks for no certificate of the client. It takes the first of `alpn`, by its own
  /// preference, that the client offers; without a common one it goes on without. Over datagrams it
  /// answers nobody at length who has not shown that he receives at his address (RFC 6347 4.2.1), and is
  /// as new before that: with a `cookie` that only the owner can make from the client's address, it may be
  /// thrown away after each datagram until heard_from_client(). nullopt: a random one.
  static Result<Connection> server(TimePoint now, Transport transport, const ServerIdentity& identity,
                                   std::vector<std::string> alpn = {}, std::optional<Cookie> cookie = {});

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// What arrived: one datagram, or the next bytes of the stream, cut anywhere.
  void handle_bytes(TimePoint now, Bytes bytes);
  /// The stream's other end has closed it, or it broke. Failed{truncated} unless close_notify came first.
  void handle_end(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// What to put on the transport: one datagram, or the next bytes of the stream. Something may be
  /// left after Closed and Failed: the alert that tells the peer.
  std::optional<PacketBuffer> poll_packet();
  std::optional<Event> poll_event();

  /// Application data, all of it or nothing. Before Connected it waits. On datagrams one call is one
  /// record, of 1 to max_datagram_bytes. Errors: Errc::closed, petrel::Errc::too_long,
  /// invalid_argument (an empty datagram), limit_reached (try again once packets were polled).
  Result<void> send(TimePoint now, Bytes application_data);
  /// Says close_notify. No event follows.
  void close(TimePoint now);

  /// False: a server over datagrams, to which nobody has sent its cookie back yet.
  bool heard_from_client() const;
  bool connected() const;
  /// Neither over nor closed.
  bool open() const;
  ConnectionStats stats() const;

 private:
  explicit Connection(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;  // OpenSSL keeps a pointer to it, which survives a move like this.
};

}  // namespace petrel::inline v0::tls
