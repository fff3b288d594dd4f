#include "petrel/peer/cause.hpp"

#include <algorithm>

#include "petrel/dtls/errc.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "petrel/peer/report.hpp"
#include "petrel/tls/errc.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0 {
namespace {

using ice::ServerOutcome;

struct Servers {
  bool any_answered = false;
  bool any_silent = false;
  bool any_refused = false;
  bool any_untrusted = false;
  bool any_proxy_refused = false;
  bool any_name_unknown = false;
};

bool is_turn(const ice::ServerReport& server) { return server.url.starts_with("turn"); }

bool is_untrusted(std::error_code error) {
  return error == tls::Errc::certificate_untrusted || error == tls::Errc::certificate_name_mismatch ||
         error == tls::Errc::certificate_expired || error == tls::Errc::certificate_not_yet_valid;
}

bool is_of_proxy(std::error_code error) {
  return error == turn::Errc::proxy_unauthenticated || error == turn::Errc::proxy_refused ||
         error == turn::Errc::proxy_failed || error == turn::Errc::bad_proxy_answer;
}

// Nothing came back, or no connection was made. What the server itself said has a code of turn's.
bool is_silent(std::error_code error) {
  return error == turn::Errc::timed_out || error == tls::Errc::handshake_timeout ||
         error.category() == std::generic_category() || error.category() == std::system_category();
}

Servers summarise(const ConnectionReport& report) {
  Servers all;
  for (const ice::ServerReport& server : report.servers) {
    const bool failed = server.outcome == ServerOutcome::failed;
    const bool silent = is_silent(server.error);
    const bool untrusted = is_untrusted(server.error);
    // That of a name says nothing about who stands behind it.
    all.any_answered |= server.outcome == ServerOutcome::answered && server.endpoint.has_value();
    all.any_silent |= failed && silent;
    all.any_untrusted |= failed && untrusted;
    const bool of_proxy = is_of_proxy(server.error);
    all.any_proxy_refused |= failed && of_proxy;
    all.any_refused |= failed && is_turn(server) && !silent && !untrusted && !of_proxy;
    all.any_name_unknown |= server.outcome == ServerOutcome::name_unknown;
  }
  return all;
}

bool has(const std::vector<ice::Candidate>& candidates, ice::CandidateType type) {
  return std::ranges::find(candidates, type, &ice::Candidate::type) != candidates.end();
}

bool has_relay(const ConnectionReport& report) {
  return has(report.ice.local_candidates, ice::CandidateType::relay) ||
         has(report.ice.remote_candidates, ice::CandidateType::relay);
}

// What the peer told are ends that connect to us. None has, or there would be a pair.
bool only_waits_for_connections(const ConnectionReport& report) {
  return std::ranges::all_of(report.ice.remote_candidates,
                             [](const ice::Candidate& each) { return each.tcp_type == "active"; });
}

// Candidates were exchanged; why does none of the pairs work?
Cause cause_of_pairs(const ConnectionReport& report) {
  if (report.ice_counters.wrong_integrity_dropped > 0) return Cause::credentials_mismatch;
  if (report.ice.pairs.empty())
    return only_waits_for_connections(report) ? Cause::no_answer : Cause::families_differ;
  std::uint64_t heard = 0;
  for (const ice::PairReport& pair : report.ice.pairs) heard += pair.requests_received;
  if (heard > 0) return Cause::one_way;

  const Servers servers = summarise(report);
  if (has_relay(report)) return Cause::relay_unreachable;
  if (servers.any_untrusted) return Cause::turn_untrusted;
  if (servers.any_refused) return Cause::turn_refused;
  if (servers.any_proxy_refused) return Cause::proxy_refused;
  if (!servers.any_answered && servers.any_silent) return Cause::udp_blocked;
  if (!servers.any_answered && servers.any_name_unknown) return Cause::server_name_unknown;
  if (has(report.ice.local_candidates, ice::CandidateType::server_reflexive) ||
      has(report.ice.remote_candidates, ice::CandidateType::server_reflexive)) {
    return Cause::nat_without_relay;
  }
  return Cause::no_answer;
}

Cause cause_of_no_candidates(const ConnectionReport& report) {
  if (report.ice_counters.names_unresolved > 0) return Cause::names_unresolved;
  if (report.ice_counters.tcp_candidates_ignored > 0) return Cause::only_tcp_candidates;
  return Cause::no_remote_candidates;
}

}  // namespace

Cause likely_cause(const ConnectionReport& report) {
  const ConnectionStages& stages = report.stages;
  if (report.state == ConnectionState::connected) return Cause::none;
  if (report.reason == PeerErrc::peer_closed) return Cause::peer_closed;
  if (report.state == ConnectionState::closed) return Cause::none;
  if (report.reason == PeerErrc::consent_expired || report.state == ConnectionState::disconnected) {
    return Cause::peer_silent;
  }
  if (report.reason == dtls::Errc::fingerprint_mismatch) return Cause::fingerprint_mismatch;
  // Where packets travel one way, DTLS may be the first to lose patience.
  const bool of_dtls = report.reason && report.reason != PeerErrc::ice_failed;
  if (of_dtls && stages.ice_connected) return Cause::dtls_failed;
  if (!stages.local_description) return Cause::no_local_description;
  if (!stages.remote_description) return Cause::no_remote_description;
  if (stages.ice_connected && !report.reason) return Cause::waiting_for_dtls;
  if (report.ice.local_candidates.empty() && report.servers.empty()) {
    return stages.gathered ? Cause::no_interface : Cause::gathering;
  }
  // With relays only, nothing of ours is there before a TURN server has answered.
  if (report.ice.local_candidates.empty()) {
    if (!stages.gathered) return Cause::gathering;
    const Servers servers = summarise(report);
    if (servers.any_untrusted) return Cause::turn_untrusted;
    if (servers.any_refused) return Cause::turn_refused;
    if (servers.any_proxy_refused) return Cause::proxy_refused;
    if (servers.any_name_unknown) return Cause::server_name_unknown;
    return Cause::udp_blocked;
  }
  if (report.ice.remote_candidates.empty()) return cause_of_no_candidates(report);
  if (report.reason) return cause_of_pairs(report);
  // Some things are known before time has run out.
  const Cause cause = cause_of_pairs(report);
  return cause == Cause::credentials_mismatch || cause == Cause::turn_refused ||
                 cause == Cause::turn_untrusted || cause == Cause::proxy_refused ||
                 cause == Cause::families_differ
             ? cause
             : Cause::trying;
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::none:
      return "none";
    case Cause::peer_closed:
      return "peer_closed";
    case Cause::no_local_description:
      return "no_local_description";
    case Cause::no_remote_description:
      return "no_remote_description";
    case Cause::no_interface:
      return "no_interface";
    case Cause::gathering:
      return "gathering";
    case Cause::no_remote_candidates:
      return "no_remote_candidates";
    case Cause::names_unresolved:
      return "names_unresolved";
    case Cause::only_tcp_candidates:
      return "only_tcp_candidates";
    case Cause::families_differ:
      return "families_differ";
    case Cause::credentials_mismatch:
      return "credentials_mismatch";
    case Cause::turn_refused:
      return "turn_refused";
    case Cause::turn_untrusted:
      return "turn_untrusted";
    case Cause::proxy_refused:
      return "proxy_refused";
    case Cause::server_name_unknown:
      return "server_name_unknown";
    case Cause::udp_blocked:
      return "udp_blocked";
    case Cause::nat_without_relay:
      return "nat_without_relay";
    case Cause::relay_unreachable:
      return "relay_unreachable";
    case Cause::one_way:
      return "one_way";
    case Cause::no_answer:
      return "no_answer";
    case Cause::peer_silent:
      return "peer_silent";
    case Cause::fingerprint_mismatch:
      return "fingerprint_mismatch";
    case Cause::dtls_failed:
      return "dtls_failed";
    case Cause::waiting_for_dtls:
      return "waiting_for_dtls";
    case Cause::trying:
      return "trying";
  }
  return "";
}

}  // namespace petrel::inline v0
