#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::testing {

/// Bytes from hexadecimal digits; white space is ignored: hex("80 c8 0006").
inline std::vector<std::byte> hex(std::string_view digits) {
  std::vector<std::byte> out;
  int high = -1;
  for (const char c : digits) {
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
    if (value < 0) continue;
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<std::byte>(high * 16 + value));
      high = -1;
    }
  }
  return out;
}

inline std::vector<std::byte> to_vector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace petrel::inline v0::testing
