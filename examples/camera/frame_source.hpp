#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/time.hpp"

namespace camera {

/// How long a live source's next() may wait for its device. Stopping takes no longer.
inline constexpr petrel::Duration max_device_wait = std::chrono::milliseconds(100);

/// One coded picture as a source gives it: H.264 in Annex B form, parameter sets before each key frame.
struct AccessUnit {
  std::vector<std::byte> annex_b;
  petrel::Duration capture_offset{};  ///< Since the source's first picture.
  bool key_frame = false;
  /// When the light fell on the sensor, on the steady clock, if the source knows. Otherwise Capture stamps
  /// the picture: a paced source's with the time it was due, a live one's with that of its arrival.
  std::optional<petrel::TimePoint> captured{};
};

/// Where coded pictures come from. Capture pulls them, on a thread of its own.
///
/// A source is paced or live. A paced one (pattern, file) makes pictures when it is asked and says when the
/// next one is due; it waits for nothing but its own work. A live one (camera, pipe) has a device that
/// decides: next_due() is nullopt, and next() waits for the device, at most max_device_wait.
///
/// next() throws SourceLost when the device has gone away and may come back, and UserError when a person
/// has to do something first. After either, the source is good for nothing but its destructor.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// When the next picture is to be taken, since the first one. nullopt: live, call next() at once.
  virtual std::optional<petrel::Duration> next_due() const = 0;
  /// Takes it. nullopt: there was none this time, which is nothing unusual.
  virtual std::optional<AccessUnit> next() = 0;

  /// Makes the next picture a key frame, if the source can. From any thread.
  virtual void force_key_frame() = 0;
  /// False for what is already coded: viewers then start from GroupOfPictures. May become known with the
  /// first picture only. From any thread.
  virtual bool can_force_key_frame() const = 0;
  /// Aims at that many bits per second, if the source can. From any thread.
  virtual void set_bitrate(std::uint32_t bits_per_second) = 0;

  /// profile-level-id of RFC 6184 8.1, six hexadecimal digits: what to offer. A live source that reads it off
  /// its stream may know it only after its first picture, and gives "" until then; what make_source() gives
  /// always has one, from any thread: what somebody was told is not taken back.
  virtual std::string profile_level_id() const = 0;
  /// One line for people: what it is, its size and rate.
  virtual std::string description() const = 0;
};

}  // namespace camera
