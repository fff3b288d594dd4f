#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::turn {

/// What can go wrong in this module. petrel::Errc has what is common to all.
enum class Errc {
  // Addresses of servers, RFC 7065.
  bad_uri_scheme = 1,         ///< Neither `turn:` nor `turns:`.
  bad_uri_host,               ///< No host, or one that is neither a name nor an address.
  bad_uri_port,               ///< The port is no number from 1 to 65535.
  bad_uri_query,              ///< Something else than `?transport=` follows.
  unsupported_uri_transport,  ///< `?transport=` names neither udp nor tcp.

  // ChannelData and streams, RFC 8656 12.4.
  truncated,    ///< Fewer bytes than the header, or than its length field says.
  bad_channel,  ///< A channel number outside of 0x4000 to 0x4fff.
  bad_length,   ///< More bytes follow than padding can be.
  bad_framing,  ///< The stream carries neither STUN nor ChannelData; where its next message begins is
                ///< unknown.

  // Why there is no allocation (any more).
  timed_out,              ///< The server does not answer.
  wrong_credentials,      ///< 401 or 441 to a request with our credentials.
  weak_authentication,    ///< A challenge asks for less protection than the server offered before, or
                          ///< contradicts itself (RFC 8489 9.2.5): somebody on the way may have changed it.
  unauthentic_answer,     ///< Answers came, but none was signed by who knows our password.
  nonce_loop,             ///< Every nonce was stale at once.
  refused,                ///< The server answered with another error.
  redirected,             ///< 300: try the server that Redirected names.
  redirect_refused,       ///< 300 without a usable alternate.
  quota_reached,          ///< 486: too many allocations of this user.
  insufficient_capacity,  ///< 508: the server is full.
  family_unsupported,     ///< 440: no relayed address of the family that was asked for.
  allocation_mismatch,  ///< 437: the server knows no allocation of ours, or too many; use another local port.
  malformed_answer,     ///< A success response lacks what it must have.
  connection_closed,    ///< The stream to the server ended.
  transport_unsupported,  ///< 442: the server relays no TCP, or not for clients that come by this transport.

  // TCP allocations, RFC 6062.
  connection_exists,  ///< 446: there is a connection with this very peer already.
  connection_failed,  ///< 447: the server could not connect to the peer.

  // What send() answers.
  permission_refused,  ///< The server does not want us to talk to this peer.
  family_mismatch,     ///< There is no relayed address of the peer's family.
  congested,           ///< The stream to the server is full; the packet was dropped.

  // HTTP proxies on the way to the server, RFC 9110 9.3.6.
  bad_proxy_url,          ///< Not http://[username[:password]@]host[:port].
  proxy_unauthenticated,  ///< 407: it wants credentials, or others, or in another way than Basic.
  proxy_refused,          ///< 403 or the like: it does not connect to this host or port.
  proxy_failed,           ///< 5xx: it tried, and did not reach the server.
  bad_proxy_answer,       ///< Not HTTP, or without an end.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::turn

template <>
struct std::is_error_code_enum<petrel::turn::Errc> : std::true_type {};
