#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "petrel/base/time.hpp"

namespace camera::audio {

enum class SoundDirection : std::uint8_t { capture, playback };

/// What a device is asked for, and what it gives.
struct AlsaFormat {
  unsigned rate = 0;  ///< Hz
  unsigned channels = 0;
  unsigned buffer_frames = 0;  ///< What the device may hold. A frame is one sample of each channel.
};

/// What is used of ALSA, call by call, so that tests can be the device. One device at a time. Errors are
/// negative errno values, as ALSA has them. Nothing blocks but wait().
class AlsaCalls {
 public:
  virtual ~AlsaCalls() = default;

  virtual int open(SoundDirection direction, const std::string& name) = 0;
  /// 16-bit samples, interleaved. `format` becomes what the device took.
  virtual int configure(AlsaFormat& format) = 0;
  virtual int prepare() = 0;
  virtual int start() = 0;
  virtual int resume() = 0;
  /// 1: there is something to read or room to write; 0: not within `limit`.
  virtual int wait(petrel::Duration limit) = 0;
  /// Frames, or an error. -EAGAIN: none for now.
  virtual long read(std::span<std::int16_t> samples) = 0;
  virtual long write(std::span<const std::int16_t> samples) = 0;
  /// Frames between us and the air, or an error.
  virtual long delay() = 0;
  virtual void close() = 0;
};

/// The real one. Throws UserError in a program that was built without ALSA.
std::unique_ptr<AlsaCalls> make_alsa();

}  // namespace camera::audio
