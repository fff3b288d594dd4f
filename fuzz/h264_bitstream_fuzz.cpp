#include <algorithm>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/rtp/payload/h264_access_unit.hpp"

using petrel::Bytes;
namespace h264 = petrel::rtp::h264;

namespace {

enum class Pauses { none, between_chunks };

std::vector<std::vector<std::byte>> split(Bytes stream, std::size_t chunk_size,
                                          Pauses pauses = Pauses::none) {
  h264::AccessUnitSplitter splitter;
  std::vector<std::vector<std::byte>> units;
  const auto drain = [&] {
    for (auto unit = splitter.next(); unit && *unit; unit = splitter.next()) units.push_back((*unit)->bytes);
  };
  while (!stream.empty()) {
    const Bytes chunk = stream.first(std::min(chunk_size, stream.size()));
    stream = stream.subspan(chunk.size());
    splitter.push(chunk);
    drain();
    if (pauses == Pauses::none) continue;
    splitter.pause();
    drain();
  }
  splitter.finish();
  drain();
  return units;
}

}  // namespace

// Property: access units do not depend on the pieces in which the stream came, and sizes that an SPS
// says are within bounds. A stream that pauses anywhere is cut, and does no harm.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> stream(size);
  std::transform(data, data + size, stream.begin(), [](std::uint8_t b) { return std::byte{b}; });
  h264::NalReader reader(stream);
  while (const auto nal = reader.next()) {
    if (const auto sps = h264::parse_sequence_parameters(*nal)) {
      PETREL_ASSERT(sps->width > 0 && sps->width <= 16384);
      PETREL_ASSERT(sps->height > 0 && sps->height <= 32768);
      PETREL_ASSERT(sps->log2_max_frame_num >= 4 && sps->log2_max_frame_num <= 16);
    }
  }
  const auto whole = split(stream, stream.size());
  PETREL_ASSERT(split(stream, 1) == whole);
  PETREL_ASSERT(split(stream, 7) == whole);
  for (const auto& unit : split(stream, 50, Pauses::between_chunks)) PETREL_ASSERT(!unit.empty());
  return 0;
}
