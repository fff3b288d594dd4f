#pragma once

#include <cstddef>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::rtp {

/// The largest frame that is taken apart or put together. A 4K key frame at a high rate is around
/// 2 MiB; a stream of fragments that never ends must end somewhere.
constexpr std::size_t max_frame_size = std::size_t{4} << 20;

/// A frame put together from packets.
struct CodedFrame {
  std::vector<std::byte> bytes;
  bool key_frame = false;

  /// This frame in a block of just its size. The room that it grew in stays here, for the next one, so that
  /// a frame of any number of packets costs one allocation.
  CodedFrame take() {
    CodedFrame taken = *this;
    bytes.clear();
    key_frame = false;
    return taken;
  }
};

}  // namespace petrel::inline v0::rtp
