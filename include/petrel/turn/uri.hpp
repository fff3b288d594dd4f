#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/result.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0::turn {

/// Where a TURN or STUN server is and how to talk to it.
struct ServerUri {
  std::string host;  ///< A name or the text of an address; an IPv6 address without its brackets.
  std::uint16_t port = 0;
  TransportProtocol protocol = TransportProtocol::udp;

  friend bool operator==(const ServerUri&, const ServerUri&) = default;
};

/// Reads `turn:host[:port][?transport=udp|tcp]` or `turns:…`, RFC 7065 3.1. `turn` means UDP unless
/// TCP is asked for, and port 3478; `turns` means TLS, DTLS with `?transport=udp`, and port 5349. The
/// scheme and the transport may be in any case. There are no user, no path and no fragment.
PETREL_API Result<ServerUri> parse_server_uri(std::string_view uri);

/// Reads `stun:host[:port]` or `stuns:…`, RFC 7064 3.1, in the same way. That RFC has no `?transport=`; many
/// write it as RFC 7065 does, and it is read so.
PETREL_API Result<ServerUri> parse_stun_server_uri(std::string_view uri);

/// The URI back, with the port and, where it is not the scheme's own, the transport.
PETREL_API std::string to_string(const ServerUri& uri);

}  // namespace petrel::inline v0::turn
