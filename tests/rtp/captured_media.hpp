#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "support/source_directory.hpp"

namespace petrel::inline v0::testing {

/// A file of tests/rtp/captured.
inline std::vector<std::byte> captured_file(const std::string& name) {
  std::ifstream file(petrel::source_directory() + "/tests/rtp/captured/" + name, std::ios::binary);
  const std::vector<char> chars(std::istreambuf_iterator<char>(file), {});
  const Bytes bytes = as_bytes({chars.data(), chars.size()});
  return {bytes.begin(), bytes.end()};
}

/// The packets of a .rtp or .rtcp file: each behind its size, in two bytes.
inline std::vector<std::vector<std::byte>> captured_packets(const std::string& name) {
  const auto file = captured_file(name);
  std::vector<std::vector<std::byte>> packets;
  ByteReader reader(file);
  while (reader.remaining() > 0) {
    const Bytes packet = reader.bytes(reader.u16());
    packets.emplace_back(packet.begin(), packet.end());
  }
  return packets;
}

/// The frames of an .ivf file: a header of 32 bytes, then each frame behind its size and time, little-endian.
inline std::vector<std::vector<std::byte>> captured_ivf_frames(const std::string& name) {
  const auto file = captured_file(name);
  std::vector<std::vector<std::byte>> frames;
  ByteReader reader(file);
  reader.skip(32);
  while (reader.remaining() > 0) {
    std::size_t size = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) size |= std::size_t{reader.u8()} << shift;
    reader.skip(8);
    const Bytes frame = reader.bytes(size);
    frames.emplace_back(frame.begin(), frame.end());
  }
  return frames;
}

}  // namespace petrel::inline v0::testing
