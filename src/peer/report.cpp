#include "petrel/peer/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "petrel/peer/cause.hpp"
#include "petrel/tls/errc.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0 {
namespace {

std::string in_milliseconds(TimePoint from, TimePoint to) {
  std::array<char, 32> text{};
  const std::chrono::duration<double, std::milli> elapsed = to - from;
  std::snprintf(text.data(), text.size(), "%.1f ms", elapsed.count());
  return text.data();
}

std::string describe(const ice::Candidate& candidate) {
  const std::string where =
      candidate.host_name.empty() ? candidate.endpoint.to_string() : std::string("(a name)");
  std::string text(to_string(candidate.type));
  if (candidate.protocol == TransportProtocol::tcp) (text += " tcp ") += candidate.tcp_type;
  return text + " " + where;
}

const ice::PairReport* selected_pair(const ConnectionReport& report) {
  for (const ice::PairReport& pair : report.ice.pairs) {
    if (pair.selected) return &pair;
  }
  return nullptr;
}

std::string explain_connected(const ConnectionReport& report) {
  std::string text = "Connected";
  if (report.stages.dtls_connected)
    text += " after " + in_milliseconds(report.created, *report.stages.dtls_connected);
  if (const ice::PairReport* pair = selected_pair(report)) {
    text += ", " + describe(pair->local) + " to " + describe(pair->remote);
    if (pair->round_trip)
      text += ", round trip " + in_milliseconds(TimePoint{}, TimePoint{} + *pair->round_trip);
  }
  return text + ".";
}

std::size_t count(const ConnectionReport& report, ice::ServerOutcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(report.servers, outcome, &ice::ServerReport::outcome));
}

// The first server that failed by a code of this module (empty: any), as "turn:host: its words".
std::string first_failure(const ConnectionReport& report, std::string_view scheme,
                          std::optional<std::error_code> kind = {}) {
  for (const ice::ServerReport& server : report.servers) {
    const bool failed =
        server.outcome == ice::ServerOutcome::failed || server.outcome == ice::ServerOutcome::name_unknown;
    if (!failed || server.text.empty() || !server.url.starts_with(scheme)) continue;
    if (kind && server.error.category() != kind->category()) continue;
    return server.url + ": " + server.text;
  }
  return "";
}

std::string first_proxy_failure(const ConnectionReport& report) {
  for (const ice::ServerReport& server : report.servers) {
    const bool of_proxy =
        server.error == turn::Errc::proxy_unauthenticated || server.error == turn::Errc::proxy_refused ||
        server.error == turn::Errc::proxy_failed || server.error == turn::Errc::bad_proxy_answer;
    if (of_proxy) return server.url + ": " + server.text;
  }
  return "";
}

// A relay that carried the call and is gone: whose it was, and what is known.
std::string lost_relay(const ConnectionReport& report) {
  const bool carried = std::ranges::any_of(report.ice.pairs, [](const ice::PairReport& pair) {
    return pair.nominated && pair.local.type == ice::CandidateType::relay &&
           pair.outcome == ice::PairOutcome::socket_failed;
  });
  if (!carried) return "";
  for (const ice::ServerReport& server : report.servers) {
    if (!server.url.starts_with("turn") || server.text.empty()) continue;
    if (server.outcome == ice::ServerOutcome::answered) continue;
    return server.url + ": " + server.text;
  }
  return "";
}

std::string explain_peer_silence(const ConnectionReport& report) {
  if (const std::string relay = lost_relay(report); !relay.empty())
    return "It was connected through a relay, which is lost, and no other path works. " + relay + ".";
  return std::string("It was connected, but the peer ") +
         (report.reason ? "has not answered for 30 s" : "does not answer any more") +
         ": it is gone, or its network is.";
}

// What another way to the internet would have been.
std::string other_ways(const ConnectionReport& report) {
  bool by_tcp = false;
  for (const ice::ServerReport& server : report.servers) {
    by_tcp =
        by_tcp || server.url.starts_with("turns:") || server.url.find("transport=tcp") != std::string::npos;
  }
  if (report.turn_servers == 0) return "no TURN server is configured.";
  if (!by_tcp)
    return "TURN over TCP or TLS is not configured (turns:HOST:443?transport=tcp passes most firewalls).";
  return "TURN over TCP or TLS did not get through either.";
}

std::string explain_udp_blocked(const ConnectionReport& report) {
  const std::size_t silent = count(report, ice::ServerOutcome::failed);
  return "UDP to the internet is blocked: no answer from " + std::to_string(silent) +
         (silent == 1 ? " server; " : " servers; ") + other_ways(report);
}

std::string explain_nat(const ConnectionReport& report) {
  std::string text =
      "Both sides reach the internet, but not each other: a NAT or firewall on the way maps or filters by "
      "destination";
  if (report.turn_servers == 0) return text + ", and no TURN server is configured that could relay.";
  return text + ", and no TURN server gave us a relay: " + first_failure(report, "turn") + ".";
}

std::string explain_silence(const ConnectionReport& report) {
  std::uint64_t asked = 0;
  std::size_t by_tcp = 0;
  for (const ice::PairReport& pair : report.ice.pairs) {
    asked += pair.requests_sent;
    by_tcp += pair.local.protocol == TransportProtocol::tcp ? 1 : 0;
  }
  std::string text = std::to_string(report.ice.pairs.size()) + " candidate pair(s), ";
  if (by_tcp > 0) text += std::to_string(by_tcp) + " of them by TCP, ";
  text += std::to_string(asked) + " checks sent, no answer and no check from the peer: UDP ";
  text += by_tcp > 0 ? "and TCP between us are blocked" : "between us is blocked";
  text += ", or the peer never got our candidates.";
  if (report.stun_servers + report.turn_servers == 0) {
    text += " No STUN server is configured, so a peer beyond a NAT cannot be reached.";
  }
  return text;
}

// The sentence for each cause, without what comes before it.
std::string sentence(const ConnectionReport& report, Cause cause) {
  switch (cause) {
    case Cause::none:
      return report.state == ConnectionState::connected ? explain_connected(report) : "Closed by us.";
    case Cause::peer_closed:
      return "The peer closed the connection.";
    case Cause::no_local_description:
      return "There is no local description yet.";
    case Cause::no_remote_description:
      return "The peer's description has not come yet.";
    case Cause::no_interface:
      return "This machine has no network interface that could be used.";
    case Cause::gathering:
      return "Gathering candidates.";
    case Cause::no_remote_candidates:
      return "No usable candidate of the peer has arrived.";
    case Cause::names_unresolved:
      return "The peer told only mDNS names (.local), and nobody on this network answers to them: it is in "
             "another network, or multicast is blocked. It may still reach us.";
    case Cause::only_tcp_candidates:
      return "The peer told only TCP candidates, and none that ours could be paired with: one side must "
             "listen (ice_tcp = passive or both) and the other connect.";
    case Cause::families_differ:
      return "None of the peer's addresses can be paired with ours: one side has IPv4 only, the other IPv6 "
             "only.";
    case Cause::credentials_mismatch:
      return "The peer's checks carry a wrong password: its description and ours do not belong to one call.";
    case Cause::turn_refused:
      return "The TURN server refused us. " + first_failure(report, "turn") + ".";
    case Cause::turn_untrusted:
      return "The TURN server's certificate is not to be trusted. " +
             first_failure(report, "turns", make_error_code(tls::Errc::certificate_untrusted)) + ".";
    case Cause::proxy_refused:
      return "There is no way through the HTTP proxy. " + first_proxy_failure(report) + ".";
    case Cause::server_name_unknown:
      return "The name of a server is unknown. " + first_failure(report, "") + ".";
    case Cause::udp_blocked:
      return explain_udp_blocked(report);
    case Cause::nat_without_relay:
      return explain_nat(report);
    case Cause::relay_unreachable:
      return "There is a relay, but nothing comes through it: the peer cannot reach it, or it may not send "
             "to "
             "the peer.";
    case Cause::one_way:
      return "The peer's checks arrive but ours are not answered: packets travel one way only.";
    case Cause::no_answer:
    case Cause::trying:
      return explain_silence(report);
    case Cause::peer_silent:
      return explain_peer_silence(report);
    case Cause::fingerprint_mismatch:
      return "DTLS failed: the peer's certificate is not the one that its description names; the signalling "
             "mixed up two calls, or somebody is in between.";
    case Cause::dtls_failed:
      return std::string("DTLS failed: ").append(report.reason.message()).append(".");
    case Cause::waiting_for_dtls:
      return report.stages.dtls_started ? "ICE is connected; the DTLS handshake is under way."
                                        : "ICE is connected; DTLS waits for the peer's a=setup.";
  }
  return "";
}

}  // namespace

std::string explain(const ConnectionReport& report) {
  const Cause cause = likely_cause(report);
  std::string text = sentence(report, cause);
  if (cause == Cause::trying) return "Still trying: " + text;
  if (cause == Cause::no_answer) return "No pair worked: " + text;
  return text;
}

namespace {

std::string describe(const sctp::AssociationStats& sctp) {
  const auto checksums = [](std::uint64_t packets, std::uint64_t without) {
    return std::to_string(packets) + " packets, " + std::to_string(without) + " of them without checksum";
  };
  std::string text = "sent " + checksums(sctp.packets_sent, sctp.packets_sent_zero_checksum);
  text += "; received " + checksums(sctp.packets_received, sctp.packets_received_zero_checksum);
  if (sctp.smoothed_round_trip > Duration{}) {
    text += "; round trip " + in_milliseconds(TimePoint{}, TimePoint{} + sctp.smoothed_round_trip);
  }
  return text;
}

}  // namespace

std::string to_string(const ConnectionReport& report) {
  std::string text = explain(report) + "\n";
  const auto stage = [&](const char* name, const std::optional<TimePoint>& at) {
    text += std::string("  ") + name + ": " + (at ? in_milliseconds(report.created, *at) : "-") + "\n";
  };
  stage("local description", report.stages.local_description);
  stage("remote description", report.stages.remote_description);
  stage("first local candidate", report.stages.first_local_candidate);
  stage("gathered", report.stages.gathered);
  stage("first remote candidate", report.stages.first_remote_candidate);
  stage("ICE connected", report.stages.ice_connected);
  stage("DTLS started", report.stages.dtls_started);
  stage("DTLS connected", report.stages.dtls_connected);
  stage("data channels connected", report.stages.data_channels_connected);
  stage("first media sent", report.stages.first_media_sent);
  stage("first media received", report.stages.first_media_received);
  for (const ice::ServerReport& server : report.servers) {
    text += "  server " + server.url;
    if (server.endpoint) text += " (" + server.endpoint->to_string() + ") from " + server.local.to_string();
    text += ": ";
    text += to_string(server.outcome);
    if (server.asked && server.decided) text += " after " + in_milliseconds(*server.asked, *server.decided);
    if (!server.text.empty()) text += ", " + server.text;
    text += "\n";
  }
  for (const ice::Candidate& candidate : report.ice.local_candidates)
    text += "  ours: " + describe(candidate) + "\n";
  for (const ice::Candidate& candidate : report.ice.remote_candidates)
    text += "  theirs: " + describe(candidate) + "\n";
  for (const ice::PairReport& pair : report.ice.pairs) {
    text += "  pair " + describe(pair.local) + " - " + describe(pair.remote) + ": ";
    text += to_string(pair.outcome);
    if (pair.selected) text += ", selected";
    if (pair.round_trip)
      text += ", round trip " + in_milliseconds(TimePoint{}, TimePoint{} + *pair.round_trip);
    text += "\n";
  }
  if (report.sctp) text += "  SCTP: " + describe(*report.sctp) + "\n";
  return text;
}

}  // namespace petrel::inline v0
