#include "camera/audio/tone_source.hpp"

#include <cmath>
#include <numbers>

namespace camera::audio {
namespace {

// Who is further behind has been stopped, and goes on from now.
constexpr petrel::Duration max_lateness = std::chrono::milliseconds(500);

}  // namespace

SoundSource::Step ToneSource::step() {
  const petrel::TimePoint now = clock_();
  if (!start_) start_ = now;
  petrel::TimePoint captured = *start_ + static_cast<std::int64_t>(blocks_) * block_duration;
  // As with a microphone, a block is there when its last sample is.
  const petrel::TimePoint due = captured + block_duration;
  if (now < due) return {std::nullopt, due - now};
  if (now - due > max_lateness) {
    *start_ += now - due;
    captured += now - due;
  }

  Sound sound{{}, captured};
  // The frequency is a whole number of Hz, so that a second holds whole waves and the phase can be taken from
  // the sample's number within it.
  const std::uint64_t first = blocks_ * block_samples % sample_rate;
  for (std::size_t i = 0; i < block_samples; ++i) {
    const double seconds = static_cast<double>(first + i) / sample_rate;
    const double value = std::sin(2 * std::numbers::pi * frequency_ * seconds);
    sound.samples[i] = static_cast<std::int16_t>(std::lround(amplitude * 32767 * value));
  }
  ++blocks_;
  return {sound, {}};
}

std::string ToneSource::description() const { return "test tone, " + std::to_string(frequency_) + " Hz"; }

}  // namespace camera::audio
