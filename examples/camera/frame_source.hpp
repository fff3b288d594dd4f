#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/time.hpp"

namespace camera {

/// One coded picture as a source gives it: H.264 in Annex B form, parameter sets before each key frame.
struct AccessUnit {
  std::vector<std::byte> annex_b;
  petrel::Duration capture_offset{};  ///< Since the source's first picture.
  bool key_frame = false;
};

/// Where pictures come from. Capture drives it, on a thread of its own: a source has no clock and
/// waits for nothing but its own work.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// When the next picture is to be taken, since the first one.
  virtual petrel::Duration next_due() const = 0;
  /// Takes it. nullopt: there was none this time. Throws UserError when the source cannot go on.
  virtual std::optional<AccessUnit> next() = 0;

  /// Makes the next picture a key frame, if the source can. From any thread.
  virtual void force_key_frame() = 0;
  /// False for what is already coded: viewers then start from GroupOfPictures.
  virtual bool can_force_key_frame() const = 0;
  /// Aims at that many bits per second, if the source can. From any thread.
  virtual void set_bitrate(std::uint32_t bits_per_second) = 0;

  /// profile-level-id of RFC 6184 8.1, six hexadecimal digits: what to offer.
  virtual std::string profile_level_id() const = 0;
  /// One line for people: what it is, its size and rate.
  virtual std::string description() const = 0;
};

}  // namespace camera
