#include "sctp/chunks.hpp"

namespace petrel::inline v0::sctp {
namespace {

template <class Condition>
std::vector<std::byte> filtered(Bytes packet, Condition stays) {
  std::vector<std::byte> out(packet.begin(), packet.begin() + common_header_size);
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (stays(type)) out.insert(out.end(), chunk.begin(), chunk.end());
  });
  return out;
}

}  // namespace

bool whole_chunks(Bytes packet) {
  return packet.size() >= common_header_size + chunk_header_size &&
         for_each_chunk(packet, [](std::uint8_t, Bytes) {});
}

bool has_chunk(Bytes packet, std::uint8_t type) {
  bool found = false;
  for_each_chunk(packet, [&](std::uint8_t other, Bytes) { found |= other == type; });
  return found;
}

std::vector<std::byte> with_only(Bytes packet, std::uint8_t type) {
  return filtered(packet, [type](std::uint8_t other) { return other == type; });
}
std::vector<std::byte> without(Bytes packet, std::uint8_t type) {
  return filtered(packet, [type](std::uint8_t other) { return other != type; });
}

}  // namespace petrel::inline v0::sctp
