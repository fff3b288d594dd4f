#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace shared {

/// As few digits as say it: 30, 29.97, 2.5.
inline std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

}  // namespace shared
