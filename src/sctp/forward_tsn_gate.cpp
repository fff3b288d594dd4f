#include "sctp/forward_tsn_gate.hpp"

#include <cstdint>

#include "sctp/chunks.hpp"

namespace petrel::inline v0::sctp {
namespace {

// RFC 1982 with 32 bits, as RFC 9260 1.6 counts TSNs.
bool is_behind(std::uint32_t tsn, std::uint32_t other) { return static_cast<std::int32_t>(tsn - other) > 0; }

}  // namespace

void ForwardTsnGate::look_at(Bytes packet) {
  for_each_chunk(packet, [this](std::uint8_t type, Bytes chunk) {
    if (type == chunk_type::sack) sack_.assign(chunk.begin(), chunk.end());
  });
}

bool ForwardTsnGate::may_pass(Bytes chunk) const {
  ByteReader forward(chunk);
  forward.skip(chunk_header_size);
  const std::uint32_t next = forward.u32() + 1;

  ByteReader reader(sack_);  // RFC 9260 3.3.4.
  reader.skip(chunk_header_size);
  const std::uint32_t cumulative = reader.u32();
  reader.skip(4);
  const std::uint16_t blocks = reader.u16();
  reader.skip(2);
  if (!forward.ok() || !reader.ok() || !is_behind(next, cumulative)) return true;
  bool something_behind = false;
  for (std::uint16_t i = 0; i < blocks; ++i) {
    const std::uint32_t first = cumulative + reader.u16();
    const std::uint32_t last = cumulative + reader.u16();
    if (!is_behind(first, next) && !is_behind(next, last)) return true;
    something_behind |= is_behind(first, next);
  }
  return !something_behind;
}

}  // namespace petrel::inline v0::sctp
