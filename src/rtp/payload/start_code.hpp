#pragma once

#include <cstddef>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::rtp::h264 {

constexpr std::size_t start_code_size = 3;  // 00 00 01, H.264 B.1.1

/// Where the next start code begins, from `from` on; stream.size() if there is none.
inline std::size_t find_start_code(Bytes stream, std::size_t from) {
  // Looks at every third byte while it is neither 0 nor 1, which is nearly always.
  for (std::size_t last = from + 2; last < stream.size();) {
    const auto value = std::to_integer<unsigned>(stream[last]);
    if (value > 1) {
      last += 3;
    } else if (value == 1 && stream[last - 1] == std::byte{0} && stream[last - 2] == std::byte{0}) {
      return last - 2;
    } else {
      last += value == 1 ? 3 : 1;
    }
  }
  return stream.size();
}

/// Without trailing_zero_8bits and the zero_byte of the start code that follows: no NAL unit ends in a
/// zero byte (H.264 7.4.1).
inline Bytes without_trailing_zeros(Bytes nal) {
  while (!nal.empty() && nal.back() == std::byte{0}) nal = nal.first(nal.size() - 1);
  return nal;
}

}  // namespace petrel::inline v0::rtp::h264
