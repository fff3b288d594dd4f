#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/tls/identity.hpp"
#include "petrel/turn_server/errc.hpp"
#include "petrel/turn_server/peer_policy.hpp"

namespace petrel::inline v0::turn_server {

/// Where clients come in.
struct Listener {
  Endpoint local;  ///< Port 0: any. On a host with several addresses give the one, not 0.0.0.0: answers
                   ///< over UDP leave from the address that the system chooses.
  TransportProtocol protocol = TransportProtocol::udp;  ///< udp, tcp, tls, or dtls (RFC 7350).
};

/// The address that allocations of one family get.
struct RelayAddress {
  IpAddress local;                        ///< Sockets are bound here.
  std::optional<IpAddress> advertised{};  ///< What clients are told, where a 1:1 NAT maps it to `local`.
};

struct User {
  std::string name;
  std::string password;
};

/// Where an application keeps its users, if not in ServerConfig::users. Asked once for each
/// Allocate request of a user that the configuration does not know, and may not call back.
class UserDirectory {
 public:
  /// The password; nullopt: there is no such user (now).
  virtual std::optional<std::string> password_of(std::string_view username) const = 0;

 protected:
  ~UserDirectory() = default;
};

/// What one client, one user or one flood may cost. The defaults serve a thousand calls from a
/// machine with little memory.
struct Limits {
  std::size_t allocations = 1000;          ///< Of all users.
  std::size_t allocations_per_user = 100;  ///< RFC 8656 7.2: 486 above it. An address family counts.
  std::size_t permissions = 64;            ///< Of one allocation: as many addresses as ICE has candidates.
  std::size_t channels = 64;               ///< Of one allocation.
  std::size_t peer_connections = 1000;     ///< Of TCP allocations with peers, of all clients.
  std::size_t peer_connections_per_allocation = 32;
  std::size_t connections =
      2000;  ///< TCP, TLS and DTLS, of all clients; those that carry a peer's bytes too.
  std::size_t connections_per_source = 100;
  /// Answers to one source address (one /64 of IPv6) that has not authenticated itself: Binding
  /// responses and errors. A flood gets no more out of the server, wherever it claims to come from.
  std::size_t unauthenticated_per_second = 100;
};

struct Timeouts {
  Duration default_lifetime = std::chrono::minutes(10);  ///< Of an allocation, RFC 8656 3.2.
  Duration max_lifetime = std::chrono::hours(1);         ///< The most that a client may ask for (7.2).
  Duration nonce = std::chrono::hours(1);                ///< RFC 8656 5: at most an hour.
  /// A connection that has no allocation: from its beginning, and from the end of its last one.
  Duration connection_without_allocation = std::chrono::seconds(30);
};

struct PortRange {
  std::uint16_t first = 49152;  // RFC 8656 7.2: the dynamic ports.
  std::uint16_t last = 65535;
};

struct ServerConfig {
  std::vector<Listener> listeners;
  /// Whom tls and dtls listeners prove to be.
  std::optional<tls::ServerIdentity> identity{};

  /// What the passwords belong to, by custom a domain name. Shown to clients.
  std::string realm{};
  std::vector<User> users{};
  /// Time-limited credentials that a web service hands out (draft-uberti-behave-turn-rest-00): the
  /// username is "EXPIRY" or "EXPIRY:NAME" with seconds since 1970, the password the Base64 text of
  /// HMAC-SHA1(auth_secret, username). They have to be valid for Allocate; what they allocated
  /// may be refreshed after they have expired, so that no call ends for it.
  std::string auth_secret{};
  const UserDirectory* directory = nullptr;  ///< Must outlive the server.
  /// Answer Binding requests and nothing else; then no realm and no credentials are needed.
  bool stun_only = false;

  /// Relay TCP too, for clients that come over TCP or TLS and ask for it (RFC 6062). The same users, quotas,
  /// ports and peers as for UDP.
  bool tcp_relays = true;

  /// Take part in NAT behaviour discovery (RFC 5780): beside the first UDP listener, three more sockets at
  /// the other combinations of its address and port and these, port 0 for any. Both addresses have to be
  /// what clients see: behind a 1:1 NAT this does not work. Answers then are up to 2.1 times as long as a
  /// question, as packets.
  std::optional<Endpoint> alternate{};

  /// At most one of each family. Empty: what the listeners' addresses say.
  std::vector<RelayAddress> relay_addresses{};
  PortRange relay_ports{};
  std::vector<IpPrefix> allow_peers{};  ///< See PeerPolicy, which says what is forbidden without them.
  std::vector<IpPrefix> deny_peers{};
  std::vector<IpAddress> own_addresses{};  ///< All addresses of this host: peers may not be there.

  Limits limits{};
  Timeouts timeouts{};
  std::string software{};      ///< Told to clients that have authenticated themselves, unless empty.
  LogSink* log = nullptr;      ///< Must outlive the server.
  std::int64_t unix_time = 0;  ///< At construction, in seconds since 1970; see Server::set_unix_time().
};

inline constexpr std::size_t max_listeners = 32;
/// It is in every challenge, which goes to anybody who asks: this bounds how much longer the
/// challenge is than the question.
inline constexpr std::size_t max_realm_bytes = 127;
inline constexpr std::size_t max_username_bytes = 508;  // RFC 8489 14.3: below 509.
inline constexpr std::size_t max_password_bytes = 512;
inline constexpr std::size_t max_software_bytes = 127;
/// 64 bits, if they are random. A secret is shared by machines and need not be typed.
inline constexpr std::size_t min_secret_bytes = 8;

/// A limit above this would be none.
inline constexpr std::size_t max_unauthenticated_per_second = 1'000'000;
inline constexpr Duration longest_lifetime = std::chrono::hours(24 * 365);

/// What would make Server::create() refuse it.
PETREL_API Result<void> check(const ServerConfig& config);

/// The credentials that a web service gives to a client, valid until `expires` (seconds since 1970).
/// See ServerConfig::auth_secret.
PETREL_API User time_limited_user(std::string_view auth_secret, std::int64_t expires, std::string_view name);
/// The password that belongs to such a username.
PETREL_API std::string time_limited_password(std::string_view auth_secret, std::string_view username);

}  // namespace petrel::inline v0::turn_server
