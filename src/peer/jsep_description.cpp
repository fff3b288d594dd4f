#include "peer/jsep_description.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "peer/codec_match.hpp"
#include "petrel/sdp/parser.hpp"

namespace petrel::inline v0::jsep {
namespace {

// RFC 9429 5.1.2. The peer may leave "UDP/" away, and DTLS over TCP is a matter of candidates.
constexpr std::array<std::string_view, 4> dtls_srtp_protocols{"UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF",
                                                              "UDP/TLS/RTP/SAVP", "RTP/SAVPF"};

// RFC 8841 4.2, and what aiortc still offers. The transport below DTLS is a matter of candidates.
constexpr std::string_view legacy_dtls_sctp = "DTLS/SCTP";
constexpr std::array<std::string_view, 3> dtls_sctp_protocols{"UDP/DTLS/SCTP", "TCP/DTLS/SCTP",
                                                              legacy_dtls_sctp};
// RFC 8831 5, RFC 8841 15.
constexpr std::string_view data_channel_application = "webrtc-datachannel";

// RFC 3551 6: payload types that need no a=rtpmap.
struct StaticPayloadType {
  std::uint8_t payload_type;
  std::string_view name;
};
constexpr std::array static_payload_types{StaticPayloadType{0, "PCMU"}, StaticPayloadType{8, "PCMA"},
                                          StaticPayloadType{9, "G722"}};

Direction from(sdp::MediaDirection direction) {
  switch (direction) {
    case sdp::MediaDirection::sendrecv:
      return Direction::send_recv;
    case sdp::MediaDirection::sendonly:
      return Direction::send_only;
    case sdp::MediaDirection::recvonly:
      return Direction::recv_only;
    case sdp::MediaDirection::inactive:
      return Direction::inactive;
  }
  return Direction::inactive;
}

std::optional<std::uint8_t> payload_type_of(std::string_view format) {
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(format.data(), format.data() + format.size(), value);
  if (error != std::errc{} || end != format.data() + format.size() || value > 127) return std::nullopt;
  return value;
}

// All that one m-line says about its payload types, before RTX is put beside what it repairs.
struct PayloadTypeTable {
  std::array<std::optional<sdp::RtpMap>, 128> maps;
  std::array<std::vector<CodecParameter>, 128> parameters;
  std::array<std::vector<std::string>, 128> feedback;
  std::vector<std::string> feedback_for_all;

  explicit PayloadTypeTable(const sdp::Attributes& attributes) {
    for (const StaticPayloadType& each : static_payload_types) {
      maps[each.payload_type] = sdp::RtpMap{each.payload_type, std::string(each.name), 8000, 1};
    }
    for (auto& map : sdp::read_all<sdp::RtpMap>(attributes)) maps[map.payload_type] = std::move(map);
    for (auto& format : sdp::read_all<sdp::FormatParameters>(attributes)) {
      const auto payload_type = payload_type_of(format.format);
      if (!payload_type) continue;
      for (auto& each : format.parameters) {
        parameters[*payload_type].push_back({std::move(each.name), std::move(each.value)});
      }
    }
    for (auto& each : sdp::read_all<sdp::RtcpFeedback>(attributes)) {
      (each.payload_type ? feedback[*each.payload_type] : feedback_for_all)
          .push_back(std::move(each.feedback));
    }
  }

  Codec codec(std::uint8_t payload_type, Kind kind) const {
    const sdp::RtpMap& map = *maps[payload_type];
    Codec codec{kind, map.encoding, map.clock_rate, map.channels, parameters[payload_type], {}, false};
    // RFC 8866 6.6: channels are a matter of audio; a video rtpmap with one is a slip.
    if (kind == Kind::video) codec.channels = 1;
    codec.feedback = feedback[payload_type];
    codec.feedback.insert(codec.feedback.end(), feedback_for_all.begin(), feedback_for_all.end());
    return codec;
  }
};

void read_codecs(const sdp::MediaSection& section, MediaDescription& media) {
  const PayloadTypeTable table(section.attributes);
  std::vector<std::pair<std::uint8_t, std::uint8_t>> repairs;  // {apt, RTX payload type}
  std::set<std::uint8_t> seen;
  for (const std::string& format : section.formats) {
    const auto payload_type = payload_type_of(format);
    if (!payload_type || !table.maps[*payload_type] || !seen.insert(*payload_type).second) continue;
    Codec codec = table.codec(*payload_type, *media.kind);
    if (!equal_names(codec.name, "rtx")) {
      media.codecs.push_back({*payload_type, std::move(codec), std::nullopt});
      continue;
    }
    // RFC 4588 8.1: apt names the payload type that is repaired.
    const auto apt = payload_type_of(codec.parameter("apt").value_or(std::string_view()));
    if (apt) repairs.emplace_back(*apt, *payload_type);
  }
  for (const auto& [apt, rtx] : repairs) {
    const auto repaired = std::ranges::find(media.codecs, apt, &DescribedCodec::payload_type);
    if (repaired == media.codecs.end() || repaired->rtx_payload_type) continue;
    repaired->rtx_payload_type = rtx;
    repaired->codec.retransmission = true;
  }
}

// RFC 5576: primary streams in order of appearance, each with the RTX stream that FID puts beside it.
void read_streams(const sdp::Attributes& attributes, MediaDescription& media) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> repairs;
  for (const auto& group : sdp::read_all<sdp::SsrcGroup>(attributes)) {
    if (group.semantics == "FID" && group.ssrcs.size() == 2) {
      repairs.emplace_back(group.ssrcs[0], group.ssrcs[1]);
    }
  }
  for (const auto& each : sdp::read_all<sdp::SsrcAttribute>(attributes)) {
    if (std::ranges::find(repairs, each.ssrc, &std::pair<std::uint32_t, std::uint32_t>::second) !=
        repairs.end()) {
      continue;
    }
    auto stream = std::ranges::find(media.streams, each.ssrc, &RemoteStream::ssrc);
    if (stream == media.streams.end()) {
      RemoteStream found;
      found.ssrc = each.ssrc;
      const auto repair =
          std::ranges::find(repairs, each.ssrc, &std::pair<std::uint32_t, std::uint32_t>::first);
      if (repair != repairs.end()) found.rtx_ssrc = repair->second;
      stream = media.streams.insert(media.streams.end(), std::move(found));
    }
    if (each.attribute == "cname") stream->cname = each.value;
  }
}

void read_msids(const sdp::Attributes& attributes, MediaDescription& media) {
  for (const auto& msid : sdp::read_all<sdp::Msid>(attributes)) {
    if (media.track_id.empty()) media.track_id = msid.track_id;
    // RFC 8830 3.2: "-" is a track without a stream.
    if (msid.stream_id != "-") media.stream_ids.push_back(msid.stream_id);
  }
}

// What may stand at session level for all m-lines (RFC 8839 5.4, RFC 8122 5, RFC 4145 4).
void read_transport(const sdp::Session& session, const sdp::MediaSection& section, MediaDescription& media) {
  const auto inherited = [&](std::string_view name) {
    const auto own = sdp::value_of(section.attributes, name);
    return std::string(own.empty() ? sdp::value_of(session.attributes, name) : own);
  };
  const auto has_blank_end = [](char c) { return c == ' ' || c == '\t'; };
  media.ice_ufrag = inherited("ice-ufrag");
  media.ice_pwd = inherited("ice-pwd");
  for (std::string* text : {&media.ice_ufrag, &media.ice_pwd}) std::erase_if(*text, has_blank_end);

  for (const sdp::Attributes* attributes : {&section.attributes, &session.attributes}) {
    if (!media.fingerprints.empty()) break;
    for (const sdp::Attribute& attribute : *attributes) {
      if (attribute.name == "fingerprint" && attribute.value) media.fingerprints.push_back(*attribute.value);
    }
  }
  auto setup = sdp::read<sdp::Setup>(section.attributes);
  if (!setup) setup = sdp::read<sdp::Setup>(session.attributes);
  if (setup) media.setup = setup->role;

  for (const sdp::Attributes* attributes : {&section.attributes, &session.attributes}) {
    for (const auto& options : sdp::read_all<sdp::IceOptions>(*attributes)) {
      const auto says = [&](std::string_view option) {
        return std::ranges::find(options.options, option) != options.options.end();
      };
      media.trickle = media.trickle || says("trickle");
      media.renomination = media.renomination || says("renomination");
    }
  }
  for (const sdp::Attribute& attribute : section.attributes) {
    if (attribute.name == "candidate" && attribute.value)
      media.candidates.push_back("candidate:" + *attribute.value);
    if (attribute.name == "end-of-candidates") media.end_of_candidates = true;
  }
  // RFC 8840 4.1.1: at session level it ends all m-lines.
  if (sdp::has(session.attributes, "end-of-candidates")) media.end_of_candidates = true;
}

// nullopt where the m-line is for another application.
std::optional<DataChannelChange> read_data_channels(const sdp::MediaSection& section) {
  DataChannelChange change;
  const auto map = sdp::read<sdp::SctpMap>(section.attributes);
  if (is_legacy_dtls_sctp(section.protocol) && map) {
    if (map->application != data_channel_application) return std::nullopt;
    change.sctp_port = map->port;
  } else if (std::ranges::find(section.formats, data_channel_application) == section.formats.end()) {
    return std::nullopt;
  }
  // Without it RFC 8841 5.2 calls the m-line invalid; this deviates as libwebrtc does and takes
  // the port that everybody uses.
  if (const auto port = sdp::read<sdp::SctpPort>(section.attributes)) change.sctp_port = port->port;
  if (const auto size = sdp::read<sdp::MaxMessageSize>(section.attributes))
    change.max_message_size = size->bytes;
  // One that nobody can read is as none.
  if (auto init = sdp::read<sdp::SctpInit>(section.attributes)) change.sctp_init = std::move(init->chunk);
  return change;
}

MediaDescription read_media(const sdp::Session& session, std::size_t index) {
  const sdp::MediaSection& section = session.media[index];
  MediaDescription media;
  media.media = section.media;
  media.protocol = section.protocol;
  media.formats = section.formats;
  // RFC 9143 6: with a=bundle-only, port 0 says "only if bundled", not "rejected".
  media.rejected = section.port == 0 && !sdp::has(section.attributes, "bundle-only");
  if (section.media == "audio") media.kind = Kind::audio;
  if (section.media == "video") media.kind = Kind::video;
  if (const auto mid = sdp::read<sdp::Mid>(section.attributes)) {
    media.mid = mid->mid;
    media.mid_is_written = true;
  }
  auto direction = sdp::direction_of(section.attributes);
  if (!direction) direction = sdp::direction_of(session.attributes);
  media.direction = from(direction.value_or(sdp::MediaDirection::sendrecv));
  // RFC 8858 4: mux-only implies it.
  media.rtcp_mux = sdp::has(section.attributes, "rtcp-mux") || sdp::has(section.attributes, "rtcp-mux-only");
  media.rtcp_rsize = sdp::has(section.attributes, "rtcp-rsize");
  read_transport(session, section, media);
  if (media.kind) {
    media.extensions = sdp::read_all<sdp::ExtensionMap>(section.attributes);
    if (media.extensions.empty()) media.extensions = sdp::read_all<sdp::ExtensionMap>(session.attributes);
    read_codecs(section, media);
    read_streams(section.attributes, media);
    read_msids(section.attributes, media);
  } else if (section.media == "application") {
    media.data_channels = read_data_channels(section);
    if (media.data_channels) media.data_channels->media_line = index;
  }
  return media;
}

// RFC 9429 5.10: an m-line without a mid gets one, for us alone.
void make_up_mids(Description& description) {
  unsigned next = 0;
  for (MediaDescription& media : description.media) {
    while (media.mid.empty()) {
      std::string candidate = "petrel" + std::to_string(next++);
      if (!description.index_of(candidate)) media.mid = std::move(candidate);
    }
    if (media.data_channels) media.data_channels->mid = media.mid;
  }
}

bool check_mids(const Description& description, std::string& detail) {
  std::set<std::string_view> mids;
  for (const MediaDescription& media : description.media) {
    if (mids.insert(media.mid).second) continue;
    detail = "two m-lines have the mid " + media.mid;
    return false;
  }
  std::set<std::string_view> bundled;
  for (const auto& group : description.bundles) {
    for (const std::string& mid : group) {
      if (!mids.contains(mid)) {
        detail = "a=group:BUNDLE names the mid " + mid + ", which no m-line has";
        return false;
      }
      // RFC 9143 7.1: a mid is in one group at most.
      if (!bundled.insert(mid).second) {
        detail = "the mid " + mid + " is bundled twice";
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<std::size_t> Description::index_of(std::string_view mid) const {
  const auto it = std::ranges::find(media, mid, &MediaDescription::mid);
  if (it == media.end()) return std::nullopt;
  return static_cast<std::size_t>(it - media.begin());
}

const std::vector<std::string>* Description::bundle_of(std::string_view mid) const {
  const auto it = std::ranges::find_if(
      bundles, [&](const auto& group) { return std::ranges::find(group, mid) != group.end(); });
  return it == bundles.end() ? nullptr : &*it;
}

std::optional<std::size_t> Description::tagged() const {
  const auto first = std::ranges::find(media, false, &MediaDescription::rejected);
  if (first == media.end()) return std::nullopt;
  if (const auto* group = bundle_of(first->mid)) {
    for (const std::string& mid : *group) {
      const auto index = index_of(mid);
      if (index && !media[*index].rejected) return index;
    }
  }
  return static_cast<std::size_t>(first - media.begin());
}

Result<Description> read_description(const SessionDescription& description, std::string& detail) {
  sdp::ParseDetail where;
  auto session = sdp::parse(description.sdp, &where);
  if (!session) {
    detail =
        "line " + std::to_string(where.line) + ", column " + std::to_string(where.column) + ": " + where.what;
    return session.error();
  }
  Description result;
  result.type = description.type;
  result.text = description.sdp;
  result.session = *std::move(session);
  result.ice_lite = sdp::has(result.session.attributes, "ice-lite");
  for (auto& group : sdp::read_all<sdp::Group>(result.session.attributes)) {
    if (group.semantics == "BUNDLE") result.bundles.push_back(std::move(group.mids));
  }
  for (std::size_t i = 0; i < result.session.media.size(); ++i) {
    result.media.push_back(read_media(result.session, i));
  }
  make_up_mids(result);
  if (!check_mids(result, detail)) return Errc::malformed_description;
  return result;
}

std::string name_of(const MediaDescription& media, std::size_t index) {
  return "m-line " + std::to_string(index) + " (" + media.media + ", mid " + media.mid + ')';
}

bool is_dtls_sctp(std::string_view protocol) {
  return std::ranges::find(dtls_sctp_protocols, protocol) != dtls_sctp_protocols.end();
}

bool is_legacy_dtls_sctp(std::string_view protocol) { return protocol == legacy_dtls_sctp; }

bool is_dtls_srtp(std::string_view protocol) {
  return std::ranges::find(dtls_srtp_protocols, protocol) != dtls_srtp_protocols.end();
}

}  // namespace petrel::inline v0::jsep
