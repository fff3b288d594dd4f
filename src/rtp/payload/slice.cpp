#include "petrel/rtp/payload/slice.hpp"

#include <algorithm>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::rtp {

void PayloadSlice::add(Bytes prefix, Bytes body) {
  PETREL_ASSERT(part_count_ < max_parts);
  PETREL_ASSERT(prefix.size() <= max_prefix);
  Part& part = parts_[part_count_++];
  std::ranges::copy(prefix, part.prefix.begin());
  part.prefix_size = static_cast<std::uint8_t>(prefix.size());
  part.body = body;
  size_ += prefix.size() + body.size();
}

void PayloadSlice::copy_to(std::span<std::byte> out) const {
  PETREL_ASSERT(out.size() >= size_);
  auto at = out.begin();
  for (const Part& part : parts()) {
    at = std::copy_n(part.prefix.begin(), part.prefix_size, at);
    // Not std::ranges::copy: g++ 12 makes a loop of single bytes of it, 40 times as slow.
    at = std::copy(part.body.begin(), part.body.end(), at);
  }
}

Result<PacketBuffer> write_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                  const PayloadSlice& slice) {
  auto packet = begin_packet(header, extensions, slice.size());
  if (packet) slice.copy_to(packet->writable().last(slice.size()));
  return packet;
}

}  // namespace petrel::inline v0::rtp
