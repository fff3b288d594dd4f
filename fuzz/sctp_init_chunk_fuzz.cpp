#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sctp/chunks.hpp"
#include "sctp/init_chunk.hpp"
#include "sctp/zero_checksum.hpp"

// What is read of an INIT or INIT ACK, and the parameter that is added to it. Properties: the parameter is
// there once it was added, is added once, and nothing else of the chunk changes; in a packet the same comes
// out; and what the handshake is made of stays a chunk that an association can begin with.

namespace {

using namespace petrel;
using namespace petrel::sctp;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::size_t length_offset = 2;

std::size_t length_of(Bytes chunk) {
  ByteReader reader(chunk);
  reader.skip(length_offset);
  return reader.u16();
}

void look_at_added(Bytes before, const std::vector<std::byte>& after) {
  require(accepts_zero_checksum(after));
  auto again = after;
  require(add_zero_checksum_parameter(again) && again == after);
  const std::size_t length = length_of(before);
  require(after.size() - length >= zero_checksum_parameter_size);
  require(after.size() - length <= zero_checksum_parameter_size + 3);
  require(after.size() == length_of(after) && after.size() % 4 == 0);
  require(equal(before.first(length_offset), Bytes(after).first(length_offset)));
  require(equal(before.first(length).subspan(4), Bytes(after).first(length).subspan(4)));
  if (is_init_chunk(before) && after.size() <= max_init_bytes) require(is_init_chunk(after));
}

void look_at_packet(Bytes chunk, const std::vector<std::byte>& expected) {
  std::vector<std::byte> bytes(common_header_size);
  bytes.insert(bytes.end(), chunk.begin(), chunk.end());
  auto packet = PacketBuffer::copy_of(bytes);
  if (!packet) return;
  ZeroChecksum zero(true);
  zero.offer_in(*packet, PacketBuffer::capacity);
  zero.look_at_packet(packet->bytes());
  if (zero.offered()) {
    require(zero.peer_accepts());
    require(equal(packet->bytes().subspan(common_header_size), expected));
  } else {
    require(equal(packet->bytes(), bytes));
  }
  require(zero.excuses(packet->bytes()) == zero.offered());
  static_cast<void>(zero.may_omit(packet->bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes chunk = std::as_bytes(std::span(data, size));
  std::vector<std::byte> changed(chunk.begin(), chunk.end());
  const bool accepted = accepts_zero_checksum(chunk);
  const bool has_it = add_zero_checksum_parameter(changed);
  if (accepted || !has_it) {
    require(has_it == accepted);
    require(equal(changed, chunk));
  } else {
    look_at_added(chunk, changed);
  }
  look_at_packet(chunk, changed);
  return 0;
}
