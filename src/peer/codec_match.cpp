#include "peer/codec_match.hpp"

#include <algorithm>
#include <array>

#include "peer/h264_profile.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::string_view profile_level_id = "profile-level-id";
constexpr std::string_view level_asymmetry_allowed = "level-asymmetry-allowed";

// A codec that is several, told apart by one parameter.
struct Variant {
  std::string_view codec;
  std::string_view parameter;
  std::string_view absent;  // What its absence means.
};

constexpr std::array variants{
    Variant{"H264", "packetization-mode", "0"},  // RFC 6184 8.1
    Variant{"VP9", "profile-id", "0"},           // RFC 9628 6
    Variant{"AV1", "profile", "0"},              // AV1 RTP 7.2.1
    Variant{"H265", "profile-id", "1"},          // RFC 7798 7.1
    Variant{"H265", "tx-mode", "SRST"},          // RFC 7798 7.1
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_h264(const Codec& codec) { return equal_names(codec.name, "H264"); }

// RFC 6184 8.1 infers baseline, level 1, where profile-level-id is absent. This deviates, as
// browsers do: a peer that leaves it out decodes what browsers send.
std::string h264_id(const Codec& codec) {
  return std::string(codec.parameter(profile_level_id).value_or("42e01f"));
}

bool allows_level_asymmetry(const Codec& codec) { return codec.parameter(level_asymmetry_allowed) == "1"; }

// Our level where both allow each its own, else the lower of both (RFC 6184 8.2.2).
std::string level_for(const Codec& mine, const Codec& other, std::string_view profile_of) {
  const auto my_level = parse_profile_level_id(h264_id(mine));
  const auto other_level = parse_profile_level_id(h264_id(other));
  if (!my_level || !other_level) return h264_id(mine);
  const bool asymmetric = allows_level_asymmetry(mine) && allows_level_asymmetry(other);
  const bool lower_it = !asymmetric && has_lower_level(*other_level, *my_level);
  return with_level(profile_of, lower_it ? *other_level : *my_level);
}

}  // namespace

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool same_codec(const Codec& a, const Codec& b) {
  if (a.kind != b.kind || a.clock_rate != b.clock_rate || a.channels != b.channels) return false;
  if (!equal_names(a.name, b.name)) return false;
  for (const Variant& variant : variants) {
    if (!equal_names(a.name, variant.codec)) continue;
    if (a.parameter(variant.parameter).value_or(variant.absent) !=
        b.parameter(variant.parameter).value_or(variant.absent)) {
      return false;
    }
  }
  if (!is_h264(a)) return true;
  const auto profile_a = parse_profile_level_id(h264_id(a));
  const auto profile_b = parse_profile_level_id(h264_id(b));
  return profile_a && profile_b && profile_a->profile == profile_b->profile;
}

Codec answer_to(const Codec& offered, const Codec& ours) {
  Codec answer = ours;
  if (is_h264(ours)) {
    // RFC 6184 8.2.2: the profile is answered as it was offered, the level is our own.
    answer.set_parameter(profile_level_id, level_for(ours, offered, h264_id(offered)));
  }
  std::erase_if(answer.feedback, [&](const std::string& feedback) {
    return std::ranges::find(offered.feedback, feedback) == offered.feedback.end();
  });
  answer.retransmission = ours.retransmission && offered.retransmission;
  return answer;
}

Codec to_send(const Codec& local, const Codec& remote) {
  Codec codec = remote;
  if (is_h264(remote)) codec.set_parameter(profile_level_id, level_for(remote, local, h264_id(remote)));
  std::erase_if(codec.feedback, [&](const std::string& feedback) {
    return std::ranges::find(local.feedback, feedback) == local.feedback.end();
  });
  codec.retransmission = local.retransmission && remote.retransmission;
  return codec;
}

std::string both_sides(std::span<const Codec> ours, std::span<const Codec> theirs) {
  const auto list = [](std::span<const Codec> codecs) {
    std::string out;
    for (const Codec& codec : codecs) out += (out.empty() ? "" : ", ") + describe(codec);
    return out.empty() ? std::string("none") : out;
  };
  return "ours: " + list(ours) + "; theirs: " + list(theirs);
}

}  // namespace petrel::inline v0
