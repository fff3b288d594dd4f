#include "interop/call/result.hpp"

#include <algorithm>

namespace interop {
namespace {

using nlohmann::json;

json milliseconds(std::optional<petrel::TimePoint> from, std::optional<petrel::TimePoint> to) {
  if (!from || !to) return nullptr;
  return std::chrono::duration<double, std::milli>(*to - *from).count();
}

json pair_result(const petrel::ConnectionReport& report) {
  const auto selected = std::ranges::find(report.ice.pairs, true, &petrel::ice::PairReport::selected);
  if (selected == report.ice.pairs.end()) return nullptr;
  return {{"local", to_string(selected->local.type)}, {"remote", to_string(selected->remote.type)}};
}

json dtls_result(const petrel::ConnectionReport& report) {
  if (!report.dtls_role) return nullptr;
  return {{"role", *report.dtls_role == petrel::dtls::Role::client ? "client" : "server"},
          {"cipher", report.dtls_cipher}};
}

}  // namespace

json connection_result(const petrel::ConnectionReport& report) {
  const petrel::ConnectionStages& stages = report.stages;
  const auto both_known = std::max(stages.local_description, stages.remote_description);
  return {{"connected", report.state == petrel::ConnectionState::connected},
          {"pair", pair_result(report)},
          {"names_resolved", report.ice_counters.names_resolved},
          {"dtls", dtls_result(report)},
          {"ms",
           {{"ice", milliseconds(both_known, stages.ice_connected)},
            {"dtls", milliseconds(both_known, stages.dtls_connected)},
            {"media", milliseconds(both_known, stages.first_media_received)}}}};
}

json sctp_result(const petrel::PeerStats& stats) {
  if (!stats.sctp) return nullptr;
  const bool sent = stats.sctp->packets_sent_zero_checksum > 0;
  const bool received = stats.sctp->packets_received_zero_checksum > 0;
  return {{"zero_checksum", sent && received ? "both ways"
                            : sent           ? "sent"
                            : received       ? "received"
                                             : "none"},
          {"packets_sent", stats.sctp->packets_sent},
          {"without_checksum", stats.sctp->packets_sent_zero_checksum},
          {"packets_received", stats.sctp->packets_received},
          {"received_without_checksum", stats.sctp->packets_received_zero_checksum},
          {"bad_checksum", stats.sctp->packets_bad_checksum}};
}

json packet_result(const petrel::PeerStats& stats) {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (const petrel::rtp::OutboundStats& each : stats.rtp.outbound) sent += each.packets_sent;
  for (const petrel::rtp::InboundStats& each : stats.rtp.inbound) received += each.packets_received;
  const petrel::rtp::SessionDrops& dropped = stats.rtp.dropped;
  return {{"sent", sent},
          {"received", received},
          {"dropped",
           {{"malformed", dropped.malformed_rtp},
            {"unknown_ssrc", dropped.unknown_ssrc},
            {"unknown_payload_type", dropped.unknown_payload_type},
            {"not_receiving", dropped.not_receiving},
            {"unauthentic", stats.dropped.srtp_unauthentic}}}};
}

}  // namespace interop
