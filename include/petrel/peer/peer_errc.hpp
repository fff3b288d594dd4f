#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// What can go wrong with a peer as a whole. Its modules have codes of their own:
/// jsep::Errc for descriptions, dtls::Errc for the handshake.
enum class PeerErrc {
  bad_ice_server = 1,      ///< Neither `stun:host[:port]` nor a TURN URL.
  unsupported_ice_server,  ///< STUN over TCP or TLS: the reflexive address of a connection is of no use to
                           ///< UDP.
  no_remote_description,   ///< A candidate came before the description it belongs to.
  not_connected,           ///< Media cannot be sent before ICE and DTLS are up.
  unknown_transceiver,     ///< No such transceiver, or it is stopped.
  ice_failed,              ///< No candidate pair worked within the time that RFC 8863 grants.
  consent_expired,         ///< The peer has not answered for 30 s (RFC 7675).
  peer_closed,             ///< The peer ended the connection (DTLS close_notify).
  ice_server_without_credentials,  ///< A `turn:` or `turns:` URL without a username or credential.
  unexpected_ice_restart,  ///< The peer's answer has new ICE credentials, and our offer did not restart ICE.
};

PETREL_API std::error_code make_error_code(PeerErrc error);

}  // namespace petrel::inline v0

template <>
struct std::is_error_code_enum<petrel::PeerErrc> : std::true_type {};
