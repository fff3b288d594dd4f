#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "petrel/rtp/payload/h264_access_unit.hpp"

namespace camera {

/// The latest SPS and PPS of a coded stream, to be repeated before key frames that come without: a viewer may
/// start at any of them.
class ParameterSets {
 public:
  /// Keeps those of `unit`, if it has any.
  void note(const petrel::rtp::h264::AccessUnit& unit);
  /// Puts them in front of `unit` if it is a key frame without.
  void complete(petrel::rtp::h264::AccessUnit& unit) const;

 private:
  std::vector<std::byte> annex_b_;
};

/// The profile-level-id that goes with an SPS, RFC 6184 8.1.
std::string profile_level_id_of(const petrel::rtp::h264::SequenceParameters& parameters);

}  // namespace camera
