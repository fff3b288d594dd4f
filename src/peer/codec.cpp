#include "petrel/peer/codec.hpp"

#include <algorithm>
#include <utility>

#include "peer/codec_match.hpp"
#include "peer/h264_profile.hpp"

namespace petrel::inline v0 {
namespace {

// What a video receiver may ask of us, in RFC 4585's words. transport-cc is not among them:
// whoever has a congestion controller that reads it adds it.
std::vector<std::string> video_feedback() { return {"ccm fir", "nack", "nack pli", "goog-remb"}; }

Codec video(std::string name) {
  Codec codec;
  codec.kind = Kind::video;
  codec.name = std::move(name);
  codec.feedback = video_feedback();
  codec.retransmission = true;
  return codec;
}

}  // namespace

std::string_view to_string(Kind kind) { return kind == Kind::audio ? "audio" : "video"; }

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::send_recv:
      return "sendrecv";
    case Direction::send_only:
      return "sendonly";
    case Direction::recv_only:
      return "recvonly";
    case Direction::inactive:
      return "inactive";
  }
  return "inactive";
}

std::optional<std::string_view> Codec::parameter(std::string_view wanted) const {
  for (const CodecParameter& each : parameters) {
    if (equal_names(each.name, wanted)) return each.value;
  }
  return std::nullopt;
}

void Codec::set_parameter(std::string_view wanted, std::string value) {
  for (CodecParameter& each : parameters) {
    if (!equal_names(each.name, wanted)) continue;
    each.value = std::move(value);
    return;
  }
  parameters.push_back({std::string(wanted), std::move(value)});
}

Codec h264(const H264Options& options) {
  Codec codec = video("H264");
  codec.parameters = {{"level-asymmetry-allowed", "1"},
                      {"packetization-mode", std::to_string(options.packetization_mode)},
                      {"profile-level-id", options.profile_level_id}};
  return codec;
}

Codec vp8() { return video("VP8"); }

Codec opus() {
  Codec codec;
  codec.kind = Kind::audio;
  codec.name = "opus";
  codec.clock_rate = 48000;  // RFC 7587 4.1 and 7: 48000/2 whatever the sound really is.
  codec.channels = 2;
  codec.parameters = {{"minptime", "10"}, {"useinbandfec", "1"}};
  return codec;
}

std::string describe(const Codec& codec) {
  std::string out = codec.name + '/' + std::to_string(codec.clock_rate);
  if (codec.channels != 1) out += '/' + std::to_string(codec.channels);
  if (!equal_names(codec.name, "H264")) {
    for (const CodecParameter& each : codec.parameters) {
      if (equal_names(each.name, "profile-id") || equal_names(each.name, "profile")) {
        out += ' ' + each.name + '=' + each.value;
      }
    }
    return out;
  }
  const auto id = codec.parameter("profile-level-id");
  if (id) {
    const auto profile = parse_profile_level_id(*id);
    out +=
        ' ' + std::string(*id) + " (" + std::string(profile ? to_string(profile->profile) : "unknown") + ')';
  }
  return out + " mode " + std::string(codec.parameter("packetization-mode").value_or("0"));
}

}  // namespace petrel::inline v0
