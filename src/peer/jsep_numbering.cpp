#include "peer/jsep_numbering.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "peer/codec_match.hpp"

namespace petrel::inline v0::jsep {
namespace {

struct Range {
  std::uint8_t first;
  std::uint8_t last;
};
// RFC 3551 6: dynamic ones first, then unassigned ones. Never 64–95, which RTCP's packet types
// 192–223 look like once the marker bit is set (RFC 5761 4).
constexpr std::array payload_type_ranges{Range{96, 127}, Range{35, 63}};

// RFC 8285 4.2: 15 is reserved, and ids above 14 need the two-byte form.
constexpr std::uint16_t max_one_byte_id = 14;

}  // namespace

void Numbering::remember(const Description& description, bool is_ours) {
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const MediaDescription& media = description.media[i];
    for (const DescribedCodec& codec : media.codecs) {
      taken_.insert(codec.payload_type);
      if (codec.rtx_payload_type) taken_.insert(*codec.rtx_payload_type);
      if (is_ours) earlier_.push_back(codec);
    }
    // Formats we know nothing about have their numbers too.
    for (const sdp::RtpMap& map : sdp::read_all<sdp::RtpMap>(description.session.media[i].attributes)) {
      taken_.insert(map.payload_type);
    }
    for (const sdp::ExtensionMap& extension : media.extensions) {
      if (std::ranges::find(extensions_, extension.uri, &sdp::ExtensionMap::uri) == extensions_.end()) {
        extensions_.push_back({extension.id, std::nullopt, extension.uri, {}});
      }
    }
  }
}

Result<std::vector<DescribedCodec>> Numbering::number(std::span<const Codec> codecs) {
  std::vector<DescribedCodec> numbered;
  for (const Codec& codec : codecs) {
    auto described = assign(codec);
    if (!described) return described.error();
    const bool is_twice =
        std::ranges::find(numbered, described->payload_type, &DescribedCodec::payload_type) != numbered.end();
    if (!is_twice) numbered.push_back(*std::move(described));
  }
  return numbered;
}

Result<DescribedCodec> Numbering::assign(const Codec& codec) {
  // The same codec in another m-line of this offer shares its number; its set-up must then be the same.
  const auto shared = std::ranges::find_if(assigned_, [&](const DescribedCodec& each) {
    return same_codec(each.codec, codec) && each.codec.parameters == codec.parameters &&
           each.codec.retransmission == codec.retransmission;
  });
  DescribedCodec described{0, codec, std::nullopt};
  if (shared != assigned_.end()) {
    described.payload_type = shared->payload_type;
    described.rtx_payload_type = shared->rtx_payload_type;
    return described;
  }
  const auto earlier = std::ranges::find_if(earlier_, [&](const DescribedCodec& each) {
    return same_codec(each.codec, codec) &&
           std::ranges::find(assigned_, each.payload_type, &DescribedCodec::payload_type) == assigned_.end();
  });
  std::optional<std::uint8_t> payload_type;
  std::optional<std::uint8_t> rtx;
  if (earlier != earlier_.end()) {
    payload_type = earlier->payload_type;
    rtx = earlier->rtx_payload_type;
  }
  if (!payload_type) payload_type = free_payload_type();
  if (codec.retransmission && !rtx) rtx = free_payload_type();
  if (!payload_type || (codec.retransmission && !rtx)) return Errc::no_payload_type_left;
  described.payload_type = *payload_type;
  if (codec.retransmission) described.rtx_payload_type = rtx;
  assigned_.push_back(described);
  return described;
}

std::optional<std::uint8_t> Numbering::free_payload_type() {
  for (const Range& range : payload_type_ranges) {
    for (std::uint8_t payload_type = range.first; payload_type <= range.last; ++payload_type) {
      if (taken_.insert(payload_type).second) return payload_type;
    }
  }
  return std::nullopt;
}

std::vector<sdp::ExtensionMap> Numbering::number(std::span<const HeaderExtension> extensions, Kind kind) {
  std::vector<sdp::ExtensionMap> numbered;
  for (const HeaderExtension& extension : extensions) {
    if (kind == Kind::audio ? !extension.audio : !extension.video) continue;
    const auto known = std::ranges::find(extensions_, extension.uri, &sdp::ExtensionMap::uri);
    if (known != extensions_.end()) {
      numbered.push_back(*known);
      continue;
    }
    for (std::uint16_t id = 1; id <= max_one_byte_id; ++id) {
      if (std::ranges::find(extensions_, id, &sdp::ExtensionMap::id) != extensions_.end()) continue;
      extensions_.push_back({id, std::nullopt, extension.uri, {}});
      numbered.push_back(extensions_.back());
      break;
    }
  }
  return numbered;
}

}  // namespace petrel::inline v0::jsep
