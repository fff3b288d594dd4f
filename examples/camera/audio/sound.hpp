#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "petrel/base/time.hpp"

namespace camera::audio {

constexpr unsigned sample_rate = 48'000;  ///< Hz, everywhere: what Opus is at home with.
constexpr petrel::Duration block_duration = std::chrono::milliseconds(20);
constexpr std::size_t block_samples = 960;

/// 20 ms of sound, one channel.
using Block = std::array<std::int16_t, block_samples>;

/// How long that many samples last.
constexpr petrel::Duration duration_of(std::int64_t samples) {
  constexpr std::int64_t per_ms = sample_rate / 1000;
  return petrel::Duration(samples / per_ms * 1'000'000 + samples % per_ms * 1'000'000 / per_ms);
}

/// The steady clock on the time line of petrel's cores; in tests, whatever they say.
using Clock = std::function<petrel::TimePoint()>;
inline petrel::TimePoint steady_now() {
  return petrel::TimePoint(
      std::chrono::duration_cast<petrel::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

/// Takes one line for people: what is wrong with a device, and that it is well again. On the thread that
/// drives the device.
using Tell = std::function<void(const std::string&)>;

/// Where sound comes from. A thread of its own drives it, step by step.
class SoundSource {
 public:
  struct Sound {
    Block samples{};
    petrel::TimePoint captured{};  ///< When the first of the samples was in the air.
  };
  struct Step {
    std::optional<Sound> sound;
    petrel::Duration pause{};  ///< To the next step.
  };

  virtual ~SoundSource() = default;
  /// Waits for a device for a tenth of a second at most. A device that is gone is no error: it is told, and
  /// looked for again.
  virtual Step step() = 0;
  /// One line for people.
  virtual std::string description() const = 0;
};

/// Where sound goes to. A thread of its own drives it, step by step.
class SoundSink {
 public:
  using Fill = std::function<void(Block&)>;

  virtual ~SoundSink() = default;
  /// Has a block made by `fill` when it has room for one, and answers how long to pause before the next step.
  /// Waits for a device for a tenth of a second at most.
  virtual petrel::Duration step(const Fill& fill) = 0;
  /// Nobody talks: the device may be let go until the next step().
  virtual void rest() = 0;
  virtual std::string description() const = 0;
};

}  // namespace camera::audio
