#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "petrel/rtp/frame.hpp"

namespace petrel::inline v0::testing {

/// An H.264 access unit that a receiver takes for a key frame: SPS, PPS and 3,000 bytes of an IDR slice.
inline std::shared_ptr<const EncodedFrame> key_frame(TimePoint now) {
  std::vector<std::byte> bytes;
  for (const int b : {0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0xda, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80}) {
    bytes.push_back(static_cast<std::byte>(b));
  }
  for (const int b : {0, 0, 0, 1, 0x65}) bytes.push_back(static_cast<std::byte>(b));
  bytes.resize(bytes.size() + 3000, std::byte{0x5a});
  return EncodedFrame::make(std::move(bytes), {.capture_time = now, .key_frame = true});
}

}  // namespace petrel::inline v0::testing
