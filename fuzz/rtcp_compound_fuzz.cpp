#include "petrel/base/assert.hpp"
#include "petrel/rtp/wire/rtcp.hpp"

namespace rtcp = petrel::rtcp;

namespace {

std::optional<rtcp::Message> write_and_read(const rtcp::Message& message) {
  rtcp::Writer writer(petrel::PacketBuffer::capacity);
  if (!writer.add(message)) return std::nullopt;  // Inputs may be larger than our packets.
  const auto packet = writer.finish();
  auto reader = rtcp::Reader::parse(packet.bytes());
  PETREL_ASSERT(reader);
  auto read = reader->next();
  PETREL_ASSERT(read && !reader->next());
  return read;
}

}  // namespace

// Property: each message that is read can be written and read again, and is then the same, but for
// the order and the repetitions of a NACK, which settle at the first writing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> datagram(size);
  std::transform(data, data + size, datagram.begin(), [](std::uint8_t b) { return std::byte{b}; });
  auto reader = rtcp::Reader::parse(datagram);
  if (!reader) return 0;
  while (const auto message = reader->next()) {
    const auto once = write_and_read(*message);
    if (!once) continue;
    if (!std::holds_alternative<rtcp::Nack>(*message)) PETREL_ASSERT(*once == *message);
    const auto twice = write_and_read(*once);
    PETREL_ASSERT(twice == once);
  }
  return 0;
}
