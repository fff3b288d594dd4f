#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>

#include "petrel/base/time.hpp"
#include "petrel/io/network.hpp"
#include "petrel/tls/connection.hpp"

namespace petrel::inline v0 {

/// One question to a STUN server: how does it see us (RFC 8489 2)?
struct StunQuery {
  /// "stun:HOST[:PORT]" by UDP, with "?transport=tcp" by TCP; "stuns:HOST[:PORT]" by TLS, with
  /// "?transport=udp" by DTLS (RFC 7350).
  std::string url;
  IpFamily family = IpFamily::v4;  ///< Which of the server's addresses, if it is a name.
  IpAddress local{};               ///< To ask from; unspecified: any.
  tls::ClientConfig tls{};         ///< Trusted roots and so on; the name is the URL's.
  /// For all of it: the name, the connection, TLS, and what RFC 8489 6.2.2 gives the answer.
  Duration limit = std::chrono::milliseconds(39'500);
};

struct StunAnswer {
  Endpoint mapped;  ///< Of this socket or connection, and of no other: a NAT may map each in its own way.
  Endpoint local;
  Endpoint server;
  std::string tls_version{};  ///< "TLSv1.3" for example; empty without TLS.
};

/// Asks by a socket or connection of its own, which is closed after that. Throws std::system_error:
/// turn::Errc for a bad URL, stun::Errc, tls::Errc, and what the system says of the connection; what() has
/// the details. Errc::closed where the network goes first. `network` must outlive it, or tell that it goes.
///
/// ICE asks by UDP only, from the sockets of its candidates: of a connection to a STUN server nothing
/// follows for a connection to a peer, except with a NAT that maps the listening port alike (RFC 6544 5.2).
PETREL_API asio::awaitable<StunAnswer> ask_stun(io::Network& network, StunQuery query);

}  // namespace petrel::inline v0
