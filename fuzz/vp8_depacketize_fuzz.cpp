#include <array>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/rtp/payload/format.hpp"

using petrel::Bytes;
namespace rtp = petrel::rtp;
namespace vp8 = petrel::rtp::vp8;

namespace {

constexpr auto format = rtp::PayloadFormat::vp8;

void check_descriptor(Bytes payload) {
  const auto parsed = vp8::parse_payload(payload);
  if (!parsed) return;
  std::array<std::byte, vp8::Descriptor::max_size + 1> bytes{};
  petrel::ByteWriter out(bytes);
  PETREL_ASSERT(parsed->descriptor.write(out));
  const auto again = vp8::parse_payload(Bytes(bytes).first(out.size() + 1));
  PETREL_ASSERT(again && again->descriptor == parsed->descriptor);
}

}  // namespace

// The input is a list of payloads, each behind its size in one byte; the highest bit of the byte before is
// the marker. Property: descriptors are written as they are read, and a frame survives being sent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> input(size);
  std::transform(data, data + size, input.begin(), [](std::uint8_t b) { return std::byte{b}; });
  petrel::ByteReader reader(input);
  rtp::Depacketizer depacketizer(format);
  while (reader.remaining() > 0) {
    const bool marker = reader.u8() >= 0x80;
    const Bytes payload = reader.bytes(reader.u8());
    if (!reader.ok()) break;
    check_descriptor(payload);
    const auto received = depacketizer.push(payload, marker);
    if (!received || !*received) continue;

    const auto slices = rtp::packetize(format, (*received)->bytes, 40);
    PETREL_ASSERT(slices);
    rtp::Depacketizer other(format);
    for (const rtp::PayloadSlice& slice : *slices) {
      std::vector<std::byte> copy(slice.size());
      slice.copy_to(copy);
      const auto frame = other.push(copy, slice.marker());
      PETREL_ASSERT(frame && frame->has_value() == slice.marker());
      if (*frame)
        PETREL_ASSERT((*frame)->bytes == (*received)->bytes && (*frame)->key_frame == (*received)->key_frame);
    }
  }
  return 0;
}
