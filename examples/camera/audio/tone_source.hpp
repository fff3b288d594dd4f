#pragma once

#include <cstdint>

#include "camera/audio/sound.hpp"

namespace camera::audio {

/// `--audio tone`: a steady tone in place of a microphone, as the test pattern is in place of a camera.
class ToneSource final : public SoundSource {
 public:
  static constexpr unsigned default_frequency = 1000;  ///< Hz
  static constexpr double amplitude = 0.125;           ///< Of full scale: 18 dB below it.

  explicit ToneSource(Clock clock, unsigned frequency = default_frequency)
      : clock_(std::move(clock)), frequency_(frequency) {}

  Step step() override;
  std::string description() const override;

 private:
  Clock clock_;
  unsigned frequency_;
  std::optional<petrel::TimePoint> start_;
  std::uint64_t blocks_ = 0;
};

}  // namespace camera::audio
