#pragma once

#include <string>
#include <string_view>

#include "petrel/base/result.hpp"
#include "petrel/ice/agent.hpp"

namespace petrel::inline v0 {

/// W3C RTCIceServer with one URL.
struct IceServer {
  std::string url;  ///< `stun:host[:port]`, RFC 7064; a host is a name, an IPv4 or a bracketed IPv6 address.
  std::string username{};
  std::string credential{};
};

/// Reads a `stun:` URL. PeerErrc::unsupported_ice_server for `turn:` and `turns:`, which
/// petrel does not speak yet, and for `stuns:`; PeerErrc::bad_ice_server for anything else.
PETREL_API Result<ice::StunServer> parse_stun_url(std::string_view url);

}  // namespace petrel::inline v0
