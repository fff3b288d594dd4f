#include "sctp/last_forward_tsn.hpp"

#include <algorithm>
#include <cstdint>

#include "sctp/chunks.hpp"

namespace petrel::inline v0::sctp {
void LastForwardTsn::look_at(TimePoint now, Bytes packet) {
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (type != chunk_type::forward_tsn && type != chunk_type::i_forward_tsn) return;
    PacketBuffer copy;
    copy.resize(common_header_size + chunk.size());
    const auto out = copy.writable();
    std::ranges::copy(packet.first(common_header_size), out.begin());
    std::ranges::copy(chunk, out.begin() + common_header_size);
    packet_ = std::move(copy);
    sent_at_ = now;
  });
}

std::optional<PacketBuffer> LastForwardTsn::repeat(TimePoint now, Duration timeout) {
  if (!packet_ || now < sent_at_ + timeout) return std::nullopt;
  auto copy = PacketBuffer::copy_of(packet_->bytes());
  if (!copy) return std::nullopt;
  sent_at_ = now;
  return *std::move(copy);
}

}  // namespace petrel::inline v0::sctp
