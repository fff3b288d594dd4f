#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// What a decoder must be able to do, whichever way it was written (RFC 6184 8.1, table 5).
enum class H264Profile : std::uint8_t {
  constrained_baseline,
  baseline,
  main,
  extended,
  high,
  constrained_high,
  high_10,
  high_422,
  high_444,
  high_10_intra,
  high_422_intra,
  high_444_intra,
  cavlc_444_intra,
};

/// A profile-level-id, decoded.
struct H264ProfileLevel {
  H264Profile profile = H264Profile::constrained_baseline;
  std::uint8_t level_idc = 31;  ///< Level times ten.
  bool is_level_1b =
      false;  ///< Level 1b, which lies between 1 and 1.1 and has no level_idc of its own in some profiles.

  friend bool operator==(const H264ProfileLevel&, const H264ProfileLevel&) = default;
};

/// Six hex digits: profile_idc, profile-iop, level_idc. nullopt for anything that table 5 does not know.
std::optional<H264ProfileLevel> parse_profile_level_id(std::string_view text);

/// Whether a's level demands less than b's.
bool has_lower_level(const H264ProfileLevel& a, const H264ProfileLevel& b);

/// `profile_level_id` with the level of `level`, its profile as it was written. Both must be readable.
std::string with_level(std::string_view profile_level_id, const H264ProfileLevel& level);

/// "constrained baseline"
std::string_view to_string(H264Profile profile);

}  // namespace petrel::inline v0
