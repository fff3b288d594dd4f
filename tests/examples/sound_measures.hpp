#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "camera/audio/sound.hpp"

namespace camera::audio::testing {

/// Hz, by the zeroes that a plain tone crosses upwards.
inline double frequency_of(std::span<const std::int16_t> samples) {
  std::size_t first = 0;
  std::size_t last = 0;
  int crossings = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (samples[i - 1] >= 0 || samples[i] < 0) continue;
    if (crossings++ == 0) first = i;
    last = i;
  }
  return crossings < 2 ? 0 : (crossings - 1) * double{sample_rate} / static_cast<double>(last - first);
}

/// Root of the mean square, of 32767.
inline double level_of(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const std::int16_t sample : samples) sum += static_cast<double>(sample) * sample;
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<double>(samples.size()));
}

/// A block of a tone, of which `index` blocks came before.
inline Block tone_block(std::size_t index, double frequency, double amplitude = 8000) {
  Block block;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const double seconds = static_cast<double>(index * block.size() + i) / sample_rate;
    block[i] = static_cast<std::int16_t>(
        std::lround(amplitude * std::sin(2 * 3.14159265358979 * frequency * seconds)));
  }
  return block;
}

}  // namespace camera::audio::testing
