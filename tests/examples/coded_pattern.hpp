#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "camera/pattern_source.hpp"

namespace camera::testing {

/// Frames of the pattern, coded, with a key frame every `group`.
inline std::vector<std::vector<std::byte>> coded_pattern(int frames, int group, int size = 160) {
  PatternSource source({.width = size, .height = size, .bits_per_second = 300'000},
                       [] { return std::chrono::milliseconds(0); });
  std::vector<std::vector<std::byte>> out;
  for (int frame = 0; frame < frames; ++frame) {
    if (frame % group == 0) source.force_key_frame();
    out.push_back(source.next().value().annex_b);
  }
  return out;
}

inline std::vector<std::byte> joined(const std::vector<std::vector<std::byte>>& parts) {
  std::vector<std::byte> out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace camera::testing
