// The connection report as JSON. It only writes, and one shape, so that no JSON library is needed.

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "petrel/peer/cause.hpp"
#include "petrel/peer/report.hpp"

namespace petrel::inline v0 {
namespace {

// RFC 8259 7. What servers and peers say may contain anything.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code >= 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", unsigned{code});
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string milliseconds(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f",
                std::chrono::duration<double, std::milli>(duration).count());
  return text.data();
}

/// One object or array; members keep their order.
class Json {
 public:
  explicit Json(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}

  Json& raw(std::string_view key, std::string_view value) {
    if (text_.size() > 1) text_ += ',';
    if (!key.empty()) text_ += quoted(key) + ':';
    text_ += value;
    return *this;
  }
  Json& text(std::string_view key, std::string_view value) { return raw(key, quoted(value)); }
  Json& number(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  Json& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Json& stage(std::string_view key, TimePoint from, const std::optional<TimePoint>& at) {
    return raw(key, at ? milliseconds(*at - from) : "null");
  }
  std::string done() const { return text_ + close_; }

 private:
  std::string text_;
  char close_;
};

std::string json(const ice::Candidate& candidate) {
  Json out('{');
  out.text("type", to_string(candidate.type));
  out.text("address",
           candidate.host_name.empty() ? candidate.endpoint.address.to_string() : candidate.host_name);
  out.text("protocol", candidate.protocol == TransportProtocol::tcp ? "tcp" : "udp");
  if (!candidate.tcp_type.empty()) out.text("tcp_type", candidate.tcp_type);
  out.number("port", candidate.endpoint.port).number("priority", candidate.priority);
  return out.done();
}

template <class Items, class ToJson>
std::string array(const Items& items, ToJson to_json_text) {
  Json out('[');
  for (const auto& item : items) out.raw("", to_json_text(item));
  return out.done();
}

std::string json(const ice::PairReport& pair) {
  Json out('{');
  out.raw("local", json(pair.local)).raw("remote", json(pair.remote));
  out.text("state", to_string(pair.state)).text("outcome", to_string(pair.outcome));
  out.flag("nominated", pair.nominated).flag("selected", pair.selected);
  out.number("requests_sent", pair.requests_sent).number("requests_received", pair.requests_received);
  out.number("responses_sent", pair.responses_sent).number("responses_received", pair.responses_received);
  out.raw("round_trip_ms", pair.round_trip ? milliseconds(*pair.round_trip) : "null");
  return out.done();
}

std::string json(const ice::ServerReport& server, TimePoint from) {
  Json out('{');
  out.text("url", server.url);
  if (server.endpoint)
    out.text("address", server.endpoint->to_string()).text("from", server.local.to_string());
  out.text("outcome", to_string(server.outcome));
  out.stage("asked_ms", from, server.asked).stage("decided_ms", from, server.decided);
  out.text("text", server.text);
  return out.done();
}

std::string json(const sctp::AssociationStats& sctp) {
  Json out('{');
  out.number("packets_sent", sctp.packets_sent)
      .number("packets_received", sctp.packets_received)
      .number("packets_malformed", sctp.packets_malformed)
      .number("packets_bad_checksum", sctp.packets_bad_checksum)
      .number("packets_late", sctp.packets_late)
      .number("output_dropped", sctp.output_dropped)
      .number("bytes_sent", sctp.bytes_sent)
      .number("bytes_received", sctp.bytes_received)
      .flag("accepts_zero_checksum", sctp.accepts_zero_checksum)
      .flag("peer_accepts_zero_checksum", sctp.peer_accepts_zero_checksum)
      .number("packets_sent_zero_checksum", sctp.packets_sent_zero_checksum)
      .number("packets_received_zero_checksum", sctp.packets_received_zero_checksum)
      .number("congestion_window_bytes", sctp.congestion_window_bytes)
      .number("peer_window_bytes", sctp.peer_window_bytes)
      .raw("smoothed_round_trip_ms", milliseconds(sctp.smoothed_round_trip));
  return out.done();
}

}  // namespace

std::string to_json(const ConnectionReport& report) {
  const ConnectionStages& at = report.stages;
  Json stages('{');
  stages.stage("local_description", report.created, at.local_description)
      .stage("remote_description", report.created, at.remote_description)
      .stage("first_local_candidate", report.created, at.first_local_candidate)
      .stage("gathered", report.created, at.gathered)
      .stage("first_remote_candidate", report.created, at.first_remote_candidate)
      .stage("ice_connected", report.created, at.ice_connected)
      .stage("dtls_started", report.created, at.dtls_started)
      .stage("dtls_connected", report.created, at.dtls_connected)
      .stage("data_channels_connected", report.created, at.data_channels_connected)
      .stage("first_media_sent", report.created, at.first_media_sent)
      .stage("first_media_received", report.created, at.first_media_received);

  const ice::AgentStats& counted = report.ice_counters;
  Json counters('{');
  counters.number("checks_sent", counted.checks_sent)
      .number("checks_received", counted.checks_received)
      .number("wrong_integrity_dropped", counted.wrong_integrity_dropped)
      .number("refusals_withheld", counted.refusals_withheld)
      .number("unknown_ufrag_dropped", counted.unknown_ufrag_dropped)
      .number("names_resolved", counted.names_resolved)
      .number("names_unresolved", counted.names_unresolved)
      .number("name_candidates_ignored", counted.name_candidates_ignored)
      .number("tcp_candidates_ignored", counted.tcp_candidates_ignored)
      .number("tcp_connections_opened", counted.tcp_connections_opened)
      .number("tcp_connections_accepted", counted.tcp_connections_accepted)
      .number("tcp_connections_refused", counted.tcp_connections_refused)
      .number("tcp_connections_unproven", counted.tcp_connections_unproven)
      .number("tcp_connections_lost", counted.tcp_connections_lost)
      .number("tcp_packets_dropped", counted.tcp_packets_dropped)
      .number("failovers", counted.failovers)
      .number("renominations", counted.renominations)
      .number("sockets_failed", counted.sockets_failed)
      .number("relays_lost", counted.relays_lost);

  Json out('{');
  out.text("cause", to_string(likely_cause(report))).text("explanation", explain(report));
  out.text("state", to_string(report.state));
  out.text("reason", report.reason ? report.reason.message() : "");
  out.raw("age_ms", milliseconds(report.now - report.created)).raw("stages_ms", stages.done());
  out.raw("servers", array(report.servers, [&](const auto& server) { return json(server, report.created); }));
  const auto candidate = [](const ice::Candidate& each) { return json(each); };
  out.raw("local_candidates", array(report.ice.local_candidates, candidate));
  out.raw("remote_candidates", array(report.ice.remote_candidates, candidate));
  out.raw("pairs", array(report.ice.pairs, [](const ice::PairReport& pair) { return json(pair); }));
  out.text("dtls_cipher", report.dtls_cipher).raw("sctp", report.sctp ? json(*report.sctp) : "null");
  out.raw("counters", counters.done());
  return out.done();
}

}  // namespace petrel::inline v0
