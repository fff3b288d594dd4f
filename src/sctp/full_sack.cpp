#include "sctp/full_sack.hpp"

#include <array>

#include "sctp/chunks.hpp"

namespace petrel::inline v0::sctp {
namespace {

constexpr std::size_t fixed_size = 16;  // Up to the blocks.
constexpr std::size_t count_offset = 12;
constexpr std::array<std::byte, 4> backward_block{std::byte{0}, std::byte{2}, std::byte{0}, std::byte{1}};

}  // namespace

bool FullSack::needs_block(std::uint8_t type, Bytes chunk) {
  if (type != chunk_type::sack || chunk.size() < fixed_size) return false;
  ByteReader reader(chunk);
  reader.skip(chunk_header_size);
  const std::uint32_t cumulative = reader.u32();
  reader.skip(4);
  const bool has_gaps = reader.u16() > 0;
  const bool is_old = static_cast<std::int32_t>(cumulative - cumulative_) < 0;
  const bool had_gaps = had_gaps_;
  if (!is_old) {
    had_gaps_ = has_gaps;
    cumulative_ = cumulative;
  }
  return !has_gaps && !had_gaps;
}

Bytes FullSack::of(Bytes packet, std::vector<std::byte>& room) {
  std::size_t at = 0;  // Where the SACK begins that needs a block; there is one in a packet.
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (needs_block(type, chunk)) at = static_cast<std::size_t>(chunk.data() - packet.data());
  });
  if (at == 0) return packet;

  room.assign(packet.begin(), packet.end());
  room.insert(room.begin() + static_cast<std::ptrdiff_t>(at + fixed_size), backward_block.begin(),
              backward_block.end());
  ByteReader old_length(packet.subspan(at + 2));
  ByteWriter length(std::span<std::byte>(room).subspan(at + 2, 2));
  length.u16(static_cast<std::uint16_t>(old_length.u16() + backward_block.size()));
  room[at + count_offset + 1] = std::byte{1};
  return room;
}

}  // namespace petrel::inline v0::sctp
