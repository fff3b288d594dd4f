#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

struct ConnectionReport;

/// The one thing that most likely stands in the way of a connection, or ended it.
enum class Cause : std::uint8_t {
  none,                   ///< Connected, or closed by us.
  peer_closed,            ///< The peer ended it.
  no_local_description,   ///< Signalling: we have not begun.
  no_remote_description,  ///< Signalling: the peer's description has not come.
  no_interface,           ///< This machine has no network.
  gathering,              ///< Too early to say.
  no_remote_candidates,   ///< The peer told no address that we could use.
  names_unresolved,       ///< It told `.local` names only, and nobody answers to them.
  only_tcp_candidates,    ///< It told TCP candidates only, and we have none that they could be paired with.
  families_differ,        ///< One has IPv4 only, the other IPv6 only.
  credentials_mismatch,   ///< The descriptions are not of one call: wrong passwords.
  turn_refused,           ///< A TURN server said no: credentials, quota, permission.
  turn_untrusted,         ///< Its certificate is not to be trusted.
  proxy_refused,          ///< The HTTP proxy to it said no, or does not reach it.
  server_name_unknown,    ///< DNS does not know the servers.
  udp_blocked,            ///< No server answers by UDP; what else is configured is no help.
  nat_without_relay,      ///< Both sides can reach the internet, but not each other, and there is no relay.
  relay_unreachable,      ///< A relay stands, but the peer cannot be reached through it.
  one_way,                ///< The peer's packets come in; ours get no answer.
  no_answer,              ///< Nothing came from the peer at all.
  peer_silent,            ///< It was connected; the peer has gone quiet (RFC 7675).
  fingerprint_mismatch,   ///< DTLS: the peer's certificate is not the one that its description names.
  dtls_failed,            ///< Another failure of the handshake.
  waiting_for_dtls,       ///< ICE is connected, DTLS not yet.
  trying,                 ///< Checks are under way.
};

/// A word that does not change, for logs and JSON: "udp_blocked".
PETREL_API std::string_view to_string(Cause cause);

/// Reads the report as somebody would who knows ICE.
PETREL_API Cause likely_cause(const ConnectionReport& report);

}  // namespace petrel::inline v0
