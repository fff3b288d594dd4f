#include "petrel/base/assert.hpp"
#include "petrel/rtp/payload/opus.hpp"

namespace opus = petrel::rtp::opus;

// Property: what parses lasts from 2.5 to 120 ms, and its timestamp says so exactly.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> packet(size);
  std::transform(data, data + size, packet.begin(), [](std::uint8_t b) { return std::byte{b}; });
  if (const auto shape = opus::parse_shape(packet)) {
    PETREL_ASSERT(shape->duration() > petrel::Duration{} && shape->duration() <= opus::longest_packet);
    PETREL_ASSERT(std::chrono::nanoseconds(std::chrono::seconds(1)) * shape->timestamp_units() ==
                  shape->duration() * opus::clock_rate);
  }
  return 0;
}
