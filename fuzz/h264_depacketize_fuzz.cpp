#include <cstdlib>
#include <optional>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/rtp/payload/format.hpp"

using petrel::Bytes;
namespace rtp = petrel::rtp;

namespace {

constexpr auto format = rtp::PayloadFormat::h264;

std::optional<std::vector<std::byte>> over_the_wire(Bytes frame, std::size_t max_payload) {
  const auto slices = rtp::packetize(format, frame, max_payload);
  if (!slices) return std::nullopt;  // Start codes inside a payload make NAL units that no packet may have.
  rtp::Depacketizer depacketizer(format);
  for (const rtp::PayloadSlice& slice : *slices) {
    PETREL_ASSERT(slice.size() <= max_payload);
    std::vector<std::byte> payload(slice.size());
    slice.copy_to(payload);
    auto received = depacketizer.push(payload, slice.marker());
    PETREL_ASSERT(received);
    if (*received) return (*received)->bytes;
  }
  std::abort();  // The last slice has the marker.
}

}  // namespace

// The input is a list of payloads, each behind its size in one byte; the highest bit of the byte before is
// the marker. Property: a frame put together from whatever came survives being sent, at every size the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> input(size);
  std::transform(data, data + size, input.begin(), [](std::uint8_t b) { return std::byte{b}; });
  petrel::ByteReader reader(input);
  rtp::Depacketizer depacketizer(format);
  while (reader.remaining() > 0) {
    const bool marker = reader.u8() >= 0x80;
    const Bytes payload = reader.bytes(reader.u8());
    if (!reader.ok()) break;
    rtp::is_start_of_frame(format, payload);
    rtp::is_key_frame(format, payload);
    const auto received = depacketizer.push(payload, marker);
    if (!received || !*received) continue;
    const auto once = over_the_wire((*received)->bytes, 1200);
    if (!once) continue;
    PETREL_ASSERT(over_the_wire(*once, 1200) == once);
    PETREL_ASSERT(over_the_wire(*once, rtp::min_max_payload) == once);
  }
  return 0;
}
