#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/result.hpp"
#include "petrel/ice/agent.hpp"

namespace petrel::inline v0 {

/// W3C RTCIceServer with one URL.
struct IceServer {
  /// `stun:host[:port]` (RFC 7064), `turn:host[:port][?transport=udp|tcp]` or `turns:…` (RFC 7065:
  /// TLS, or DTLS with `?transport=udp`). A host is a name, an IPv4 or a bracketed IPv6 address.
  std::string url;
  std::string username{};  ///< Of TURN servers; they all want one.
  std::string credential{};
};

/// Reads a `stun:` URL. PeerErrc::unsupported_ice_server for `stuns:` and for `?transport=tcp`, which RFC
/// 7064 does not have: what such a server sees is a connection's address, of which ICE makes no candidate
/// (stun::BindingClient asks one all the same). PeerErrc::bad_ice_server for anything else.
PETREL_API Result<ice::StunServer> parse_stun_url(std::string_view url);

using AnyIceServer = std::variant<ice::StunServer, ice::TurnServer>;

/// Reads a server of either kind. Errors: those of parse_stun_url(), turn::Errc for what is wrong
/// with a TURN URL, and PeerErrc::ice_server_without_credentials.
PETREL_API Result<AnyIceServer> parse_ice_server(const IceServer& server);

}  // namespace petrel::inline v0
