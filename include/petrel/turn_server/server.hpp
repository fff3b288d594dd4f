#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <variant>

#include "petrel/base/random.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/turn_server/config.hpp"

namespace petrel::inline v0::turn_server {

/// The listener of this index in ServerConfig::listeners takes clients; `local` has the port it got.
struct ListenerOpened {
  std::size_t index = 0;
  Endpoint local;
};
/// It does not, or no more.
struct ListenerFailed {
  std::size_t index = 0;
  std::error_code error;
};
/// The sockets of NAT behaviour discovery are all there; `alternate` has the port it got.
struct AlternateOpened {
  Endpoint alternate;
};
/// One is not: there is no such discovery, and all else goes on.
struct AlternateFailed {
  std::error_code error;
};
using Event = std::variant<ListenerOpened, ListenerFailed, AlternateOpened, AlternateFailed>;

struct ServerStats {
  // Now.
  std::size_t allocations = 0;
  std::size_t connections = 0;
  std::size_t peer_connections = 0;  ///< Of TCP allocations, those that are not bound yet included.
  // Since the beginning.
  std::uint64_t allocations_made = 0;
  std::uint64_t peer_connections_made = 0;
  std::uint64_t bindings_answered = 0;
  std::uint64_t challenges = 0;           ///< 401 and 438 to clients that do not know the nonce yet.
  std::uint64_t wrong_passwords = 0;      ///< Unknown users, and what their password did not sign.
  std::uint64_t refused = 0;              ///< Errors answered to users that are who they say.
  std::uint64_t forbidden_peers = 0;      ///< 403, and packets from and to peers that the policy forbids.
  std::uint64_t rate_limited = 0;         ///< Requests without an answer: see Limits.
  std::uint64_t malformed = 0;            ///< Neither STUN nor ChannelData, or not what it says.
  std::uint64_t unexpected = 0;           ///< Well-formed, but of no allocation, channel or known method.
  std::uint64_t connections_refused = 0;  ///< Over a limit.
  std::uint64_t connections_dropped = 0;  ///< Ended by the server: slow, silent, or no TURN at all.
  std::uint64_t packets_to_peers = 0;
  std::uint64_t packets_to_clients = 0;
  std::uint64_t bytes_to_peers = 0;    ///< Of payload.
  std::uint64_t bytes_to_clients = 0;  ///< Likewise.
  std::uint64_t packets_without_permission = 0;
  std::uint64_t packets_dropped = 0;  ///< No room: a queue is full, a stream is congested, too long.
};

class Core;  // What the server consists of, known to src/turn_server only.

/// A STUN and TURN server without its sockets: RFC 8489 12, RFC 8656 for UDP relays, to clients over UDP,
/// TCP, TLS and DTLS, and RFC 6062 for TCP relays, to clients over TCP and TLS.
///
/// A FlowCore. Its limits: everything it keeps is bounded by ServerConfig::limits, and before a
/// client has proved that it knows a password the server keeps nothing about it but its
/// connection, and a counter that it shares with others. Nonces are not stored. Nobody is sent more
/// than he asked for without a password, except the answers of RFC 8489 itself: a mapped address,
/// and a challenge of at most max_challenge_bytes; of DTLS, a HelloVerifyRequest, shorter than the question;
/// and, with an alternate, two more addresses (RFC 5780 7.3, 7.4).
///
/// Between the two sides of a TCP relay nothing is kept: who takes nothing in is sent no more, and the other
/// side is not read. The end of either side ends both, once what came before has left.
///
/// Not done, and said so: DONT-FRAGMENT (420; a flow has no such setting), half-closed TCP relays, mobility
/// (RFC 8016), ICMP in Data indications.
class PETREL_API Server {
 public:
  using Event = turn_server::Event;

  /// Header, ERROR-CODE, REALM, NONCE, PASSWORD-ALGORITHMS and FINGERPRINT at their longest.
  static constexpr std::size_t max_challenge_bytes = 256;

  /// What check() says, or a server that asks for its listeners at once. `random` must outlive it.
  static Result<Server> create(TimePoint now, ServerConfig config, RandomSource& random);

  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  /// False: of a flow that is not ours.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  /// The wall clock, which time-limited credentials are held against. It may be set again and
  /// again, for machines that learn the time late.
  void set_unix_time(TimePoint now, std::int64_t seconds);

  /// Ends everything: asks for all flows to be closed, and is silent after that.
  void close(TimePoint now);

  ServerStats stats() const;

 private:
  explicit Server(std::unique_ptr<Core> core);  // Never empty, but for a server that was moved from.

  std::unique_ptr<Core> core_;
};

}  // namespace petrel::inline v0::turn_server
