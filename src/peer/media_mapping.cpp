#include "peer/media_mapping.hpp"

#include <algorithm>
#include <string_view>

namespace petrel::inline v0::detail {
namespace {

bool is_named(std::string_view name, std::string_view wanted) {
  return std::ranges::equal(name, wanted, [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(a) == b;
  });
}

rtp::PayloadFormat format_of(const Codec& codec) {
  if (is_named(codec.name, "h264")) return rtp::PayloadFormat::h264;
  if (is_named(codec.name, "vp8")) return rtp::PayloadFormat::vp8;
  if (is_named(codec.name, "opus")) return rtp::PayloadFormat::opus;
  return rtp::PayloadFormat::raw;
}

rtp::Feedback feedback_of(const Codec& codec) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(codec.feedback, name) != codec.feedback.end();
  };
  return {.nack = has("nack"),
          .pli = has("nack pli"),
          .fir = has("ccm fir"),
          .remb = has("goog-remb"),
          .transport_cc = has("transport-cc")};
}

rtp::PayloadConfig payload_of(const jsep::NegotiatedCodec& negotiated) {
  rtp::PayloadConfig payload;
  payload.payload_type = rtp::PayloadType{negotiated.payload_type};
  payload.format = format_of(negotiated.codec);
  payload.clock_rate = negotiated.codec.clock_rate;
  payload.feedback = feedback_of(negotiated.codec);
  if (negotiated.rtx_payload_type) payload.rtx = rtp::PayloadType{*negotiated.rtx_payload_type};
  return payload;
}

void set_extension(rtp::HeaderExtensionIds& ids, const jsep::NegotiatedExtension& extension) {
  const std::string_view uri = extension.uri;
  if (uri == "urn:ietf:params:rtp-hdrext:sdes:mid") ids.mid = extension.id;
  if (uri == "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id") ids.rid = extension.id;
  if (uri == "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id") ids.repaired_rid = extension.id;
  if (uri == "urn:ietf:params:rtp-hdrext:ssrc-audio-level") ids.audio_level = extension.id;
  if (uri == "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time") ids.abs_send_time = extension.id;
  if (uri == "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01") {
    ids.transport_wide_sequence = extension.id;
  }
}

}  // namespace

rtp::MediaConfig to_media_config(const jsep::MediaChange& change) {
  rtp::MediaConfig config;
  config.kind = change.kind == Kind::video ? rtp::MediaKind::video : rtp::MediaKind::audio;
  config.mid = change.mid;
  config.sending = sends(change.direction) && !change.send_codecs.empty();
  config.receiving = receives(change.direction) && !change.receive_codecs.empty();
  // What we send comes first, so that frames leave by it; then all that may arrive.
  if (config.sending) config.payloads.push_back(payload_of(change.send_codecs.front()));
  for (const jsep::NegotiatedCodec& codec : change.receive_codecs) {
    const rtp::PayloadType type{codec.payload_type};
    if (std::ranges::find(config.payloads, type, &rtp::PayloadConfig::payload_type) ==
        config.payloads.end()) {
      config.payloads.push_back(payload_of(codec));
    }
  }
  for (const jsep::NegotiatedExtension& extension : change.extensions) {
    set_extension(config.extensions, extension);
  }
  for (const jsep::RemoteStream& stream : change.remote_streams) {
    rtp::SignalledStream signalled{rtp::Ssrc{stream.ssrc}, std::nullopt};
    if (stream.rtx_ssrc) signalled.rtx = rtp::Ssrc{*stream.rtx_ssrc};
    config.remote_streams.push_back(signalled);
  }
  if (change.local.ssrc) config.local_ssrc = rtp::Ssrc{*change.local.ssrc};
  if (change.local.rtx_ssrc) config.local_rtx_ssrc = rtp::Ssrc{*change.local.rtx_ssrc};
  config.reduced_size_rtcp = change.reduced_size_rtcp;
  return config;
}

}  // namespace petrel::inline v0::detail
