#include "peer/jsep_sections.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::jsep {
namespace {

void add_flag(sdp::Attributes& attributes, std::string_view name) {
  attributes.push_back({std::string(name), std::nullopt});
}
void add_text(sdp::Attributes& attributes, std::string_view name, std::string value) {
  attributes.push_back({std::string(name), std::move(value)});
}
template <class T>
void add(sdp::Attributes& attributes, const T& value) {
  attributes.push_back(sdp::to_attribute(value));
}

void add_codec(sdp::MediaSection& section, const DescribedCodec& described) {
  const Codec& codec = described.codec;
  sdp::Attributes& attributes = section.attributes;
  add(attributes, sdp::RtpMap{described.payload_type, codec.name, codec.clock_rate, codec.channels});
  for (const std::string& feedback : codec.feedback) {
    add(attributes, sdp::RtcpFeedback{described.payload_type, feedback});
  }
  if (!codec.parameters.empty()) {
    sdp::FormatParameters format{std::to_string(described.payload_type), {}};
    for (const CodecParameter& each : codec.parameters) format.parameters.push_back({each.name, each.value});
    add(attributes, format);
  }
  if (!described.rtx_payload_type) return;
  // RFC 4588 8.1.
  add(attributes, sdp::RtpMap{*described.rtx_payload_type, "rtx", codec.clock_rate, 1});
  add(attributes, sdp::FormatParameters{std::to_string(*described.rtx_payload_type),
                                        {{"apt", std::to_string(described.payload_type)}}});
}

// RFC 8830, and RFC 5576 for the peers that want SSRCs announced.
void add_streams(sdp::Attributes& attributes, const SectionContent& content) {
  const SenderStreams& sender = content.sender;
  std::vector<std::string> streams = sender.stream_ids;
  if (streams.empty()) streams.emplace_back("-");
  for (const std::string& stream : streams) add(attributes, sdp::Msid{stream, sender.track_id});

  if (!sender.ssrc) return;
  const bool has_rtx =
      sender.rtx_ssrc && std::ranges::any_of(content.codecs, [](const DescribedCodec& codec) {
        return codec.rtx_payload_type.has_value();
      });
  if (has_rtx) add(attributes, sdp::SsrcGroup{"FID", {*sender.ssrc, *sender.rtx_ssrc}});
  std::vector<std::uint32_t> ssrcs{*sender.ssrc};
  if (has_rtx) ssrcs.push_back(*sender.rtx_ssrc);
  for (const std::uint32_t ssrc : ssrcs) {
    add(attributes, sdp::SsrcAttribute{ssrc, "cname", content.cname});
    add(attributes, sdp::SsrcAttribute{ssrc, "msid", sdp::Msid{streams.front(), sender.track_id}.text()});
  }
}

// RFC 9143 7.1 wants these in the tagged m-line only. This deviates as browsers do and says them
// in each, for the peers that read each m-line by itself.
void add_transport(sdp::Attributes& attributes, const LocalTransport& transport, sdp::Setup::Role setup) {
  add_text(attributes, "ice-ufrag", transport.ice_ufrag);
  add_text(attributes, "ice-pwd", transport.ice_pwd);
  for (const std::string& fingerprint : transport.fingerprints)
    add_text(attributes, "fingerprint", fingerprint);
  add(attributes, sdp::Setup{setup});
}

}  // namespace

sdp::Session session_section(std::uint64_t id, std::uint64_t version, const LocalTransport& transport) {
  sdp::Session session;
  session.origin.session_id = std::to_string(id);
  session.origin.session_version = std::to_string(version);
  if (transport.ice_lite) add_flag(session.attributes, "ice-lite");
  // RFC 8839 5.6: "ice2" says RFC 8445; RFC 8840 4.1.3: "trickle" is said at session level.
  sdp::IceOptions options{{"trickle", "ice2"}};
  if (transport.ice_renomination) options.options.emplace_back("renomination");
  add(session.attributes, options);
  add_text(session.attributes, "msid-semantic", " WMS *");
  return session;
}

sdp::MediaSection media_section(const SectionContent& content, const LocalTransport& transport,
                                sdp::Setup::Role setup) {
  sdp::MediaSection section;
  section.media = to_string(content.kind);
  section.port = 9;  // RFC 9429 5.2.1: discard, while candidates may still come.
  section.protocol = content.protocol;
  section.connection = sdp::Connection{};
  for (const DescribedCodec& codec : content.codecs) {
    section.formats.push_back(std::to_string(codec.payload_type));
    if (codec.rtx_payload_type) section.formats.push_back(std::to_string(*codec.rtx_payload_type));
  }
  sdp::Attributes& attributes = section.attributes;
  add(attributes, sdp::RtcpPort{9, sdp::Connection{}});
  add_transport(attributes, transport, setup);
  if (!content.mid.empty()) add(attributes, sdp::Mid{content.mid});
  for (const sdp::ExtensionMap& extension : content.extensions) add(attributes, extension);
  add_flag(attributes, to_string(content.direction));
  add_flag(attributes, "rtcp-mux");
  if (content.is_offer) add_flag(attributes, "rtcp-mux-only");  // RFC 8858 4: in offers alone.
  if (content.reduced_size_rtcp) add_flag(attributes, "rtcp-rsize");
  for (const DescribedCodec& codec : content.codecs) add_codec(section, codec);
  if (sends(content.direction)) add_streams(attributes, content);
  return section;
}

sdp::MediaSection data_section(const DataContent& content, const LocalTransport& transport,
                               sdp::Setup::Role setup) {
  // RFC 8841 4.2.
  constexpr std::string_view application = "webrtc-datachannel";
  // What a=sctpmap promises in streams: all there can be (RFC 8831 6.5), as those who wrote it did.
  constexpr std::uint32_t legacy_streams = 65535;
  const bool is_legacy = is_legacy_dtls_sctp(content.protocol);

  sdp::MediaSection section;
  section.media = "application";
  section.port = 9;
  section.protocol = content.protocol;
  section.connection = sdp::Connection{};
  section.formats = {is_legacy ? std::to_string(content.sctp_port) : std::string(application)};
  sdp::Attributes& attributes = section.attributes;
  add_transport(attributes, transport, setup);
  if (!content.mid.empty()) add(attributes, sdp::Mid{content.mid});
  if (is_legacy) {
    add(attributes, sdp::SctpMap{content.sctp_port, std::string(application), legacy_streams});
  } else {
    add(attributes, sdp::SctpPort{content.sctp_port});
    if (!content.sctp_init.empty()) add(attributes, sdp::SctpInit{content.sctp_init});
  }
  add(attributes, sdp::MaxMessageSize{content.max_message_size});
  return section;
}

sdp::MediaSection rejected_section(const MediaDescription& media) {
  sdp::MediaSection section;
  section.media = media.media;
  section.port = 0;
  section.protocol = media.protocol;
  section.formats = media.formats;
  section.connection = sdp::Connection{};
  if (media.mid_is_written) add(section.attributes, sdp::Mid{media.mid});
  add_flag(section.attributes, "inactive");
  return section;
}

void add_candidates(sdp::Attributes& attributes, std::span<const std::string> candidates,
                    bool end_of_candidates) {
  for (const std::string& text : candidates) {
    auto attribute = candidate_attribute(text);
    if (attribute && std::ranges::find(attributes, *attribute) == attributes.end()) {
      attributes.push_back(*std::move(attribute));
    }
  }
  if (end_of_candidates && !sdp::has(attributes, "end-of-candidates"))
    add_flag(attributes, "end-of-candidates");
}

std::optional<sdp::Attribute> candidate_attribute(std::string_view text) {
  constexpr std::string_view line = "a=";
  constexpr std::string_view name = "candidate";
  if (text.starts_with(line)) text.remove_prefix(line.size());
  if (text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) return std::nullopt;
  if (!text.starts_with(name) || text.size() <= name.size() + 1 || text[name.size()] != ':')
    return std::nullopt;
  return sdp::Attribute{std::string(name), std::string(text.substr(name.size() + 1))};
}

bool is_field(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace petrel::inline v0::jsep
