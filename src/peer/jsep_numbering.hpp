#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peer/jsep_description.hpp"
#include "petrel/base/result.hpp"
#include "petrel/peer/codec.hpp"

namespace petrel::inline v0::jsep {

/// Payload types and extension ids for one offer of ours.
///
/// A number keeps its meaning for as long as a session lasts (RFC 3264 8.3.2), and has one
/// meaning in all bundled m-lines (RFC 9143 9.1, RFC 8285 5). So what earlier descriptions
/// chose is used again, and new numbers are ones that neither side ever used.
class Numbering {
 public:
  /// A description of the session so far; of ours the numbers are used again.
  void remember(const Description& description, bool is_ours);

  /// The codecs of one m-line, each with its payload types. A codec that is in the list twice is left out
  /// once.
  Result<std::vector<DescribedCodec>> number(std::span<const Codec> codecs);
  /// The extensions of one m-line. Those for which no one-byte id is left are left out.
  std::vector<sdp::ExtensionMap> number(std::span<const HeaderExtension> extensions, Kind kind);

 private:
  std::optional<std::uint8_t> free_payload_type();
  Result<DescribedCodec> assign(const Codec& codec);

  std::vector<DescribedCodec> earlier_;   // From our descriptions.
  std::vector<DescribedCodec> assigned_;  // In this offer.
  std::set<std::uint8_t> taken_;
  std::vector<sdp::ExtensionMap> extensions_;
};

}  // namespace petrel::inline v0::jsep
