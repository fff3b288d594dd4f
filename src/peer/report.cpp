#include "petrel/peer/report.hpp"

#include <array>
#include <cstdio>

#include "petrel/peer/peer_errc.hpp"

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
  return std::string(to_string(candidate.type)) + " " + where;
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

// Candidates were exchanged; what became of the pairs?
std::string explain_pairs(const ConnectionReport& report) {
  std::uint64_t asked = 0;
  std::uint64_t heard = 0;
  for (const ice::PairReport& pair : report.ice.pairs) {
    asked += pair.requests_sent;
    heard += pair.requests_received;
  }
  std::string text = std::to_string(report.ice.pairs.size()) + " candidate pair(s)";
  if (report.ice_counters.wrong_integrity_dropped > 0) {
    return "The peer's checks carry a wrong password: its description and ours do not belong to one call.";
  }
  if (heard == 0) {
    text += ", " + std::to_string(asked) +
            " checks sent, no answer and no check from the peer: UDP between us is "
            "blocked, or the peer never got our candidates.";
  } else {
    text += ", the peer's checks arrive but ours are not answered: packets travel one way only.";
  }
  if (report.stun_servers == 0)
    text += " No STUN server is configured, so a peer beyond a NAT cannot be reached.";
  return text;
}

}  // namespace

std::string explain(const ConnectionReport& report) {
  const ConnectionStages& stages = report.stages;
  if (report.state == ConnectionState::connected) return explain_connected(report);
  if (report.reason == PeerErrc::peer_closed) return "The peer closed the connection.";
  if (report.state == ConnectionState::closed) return "Closed by us.";
  if (report.reason == PeerErrc::consent_expired) {
    return "It was connected, but the peer has not answered for 30 s: it is gone, or its network is.";
  }
  if (report.reason && report.reason != PeerErrc::ice_failed) {
    std::string text = "DTLS failed: ";
    return text.append(report.reason.message()).append(".");
  }
  if (!stages.local_description) return "Not connected: there is no local description yet.";
  if (!stages.remote_description) return "Not connected: the peer's description has not come yet.";
  if (stages.ice_connected) {
    return stages.dtls_started ? "ICE is connected; the DTLS handshake is under way."
                               : "ICE is connected; DTLS waits for the peer's a=setup.";
  }
  if (report.ice.local_candidates.empty()) {
    return stages.gathered ? "Not connected: this machine has no network interface that could be used."
                           : "Not connected: gathering candidates.";
  }
  if (report.ice.remote_candidates.empty()) {
    std::string text = "Not connected: no usable candidate of the peer has arrived";
    if (report.ice_counters.name_candidates_ignored > 0) {
      text += "; it sent only mDNS names (.local), which cannot be resolved yet. It may still reach us";
    } else if (report.ice_counters.tcp_candidates_ignored > 0) {
      text += "; it sent only TCP candidates, which are not supported yet";
    }
    return text + ".";
  }
  const std::string prefix = report.reason == PeerErrc::ice_failed ? "No pair worked: " : "Still trying: ";
  return prefix + explain_pairs(report);
}

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
  stage("first media sent", report.stages.first_media_sent);
  stage("first media received", report.stages.first_media_received);
  for (const ice::PairReport& pair : report.ice.pairs) {
    text += "  pair " + describe(pair.local) + " - " + describe(pair.remote) + ": ";
    text += to_string(pair.outcome);
    if (pair.selected) text += ", selected";
    if (pair.round_trip)
      text += ", round trip " + in_milliseconds(TimePoint{}, TimePoint{} + *pair.round_trip);
    text += "\n";
  }
  return text;
}

}  // namespace petrel::inline v0
