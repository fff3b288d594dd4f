#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// Source and destination port, verification tag, checksum: RFC 9260 3.1.
inline constexpr std::size_t common_header_size = 12;

/// Type, flags and length of a chunk: RFC 9260 3.2.
inline constexpr std::size_t chunk_header_size = 4;

// Types of chunks: RFC 9260 3.2, RFC 6525 3.1, RFC 3758 3.2, RFC 5061 4.1, RFC 8260 2.3.1.
namespace chunk_type {
inline constexpr std::uint8_t init = 1;
inline constexpr std::uint8_t init_ack = 2;
inline constexpr std::uint8_t sack = 3;
inline constexpr std::uint8_t abort = 6;
inline constexpr std::uint8_t shutdown_ack = 8;
inline constexpr std::uint8_t error = 9;
inline constexpr std::uint8_t cookie_echo = 10;
inline constexpr std::uint8_t cookie_ack = 11;
inline constexpr std::uint8_t shutdown_complete = 14;
inline constexpr std::uint8_t re_config = 130;
inline constexpr std::uint8_t forward_tsn = 192;
inline constexpr std::uint8_t asconf = 193;
inline constexpr std::uint8_t i_forward_tsn = 194;
}  // namespace chunk_type

/// Calls `visit(type, chunk)` for each whole chunk, its header and padding included. Whether there was
/// nothing else behind the common header.
template <class Visit>
bool for_each_chunk(Bytes packet, Visit visit) {
  if (packet.size() < common_header_size) return false;
  Bytes rest = packet.subspan(common_header_size);
  while (!rest.empty()) {
    ByteReader reader(rest);
    const std::uint8_t type = reader.u8();
    reader.skip(1);  // Flags.
    const std::size_t length = reader.u16();
    if (!reader.ok() || length < chunk_header_size || length > rest.size()) return false;
    // RFC 9260 3.2: up to 3 bytes of padding that the length does not count. The last chunk's may be missing.
    const std::size_t padded = std::min(rest.size(), (length + 3) & ~std::size_t{3});
    visit(type, rest.first(padded));
    rest = rest.subspan(padded);
  }
  return true;
}

/// Whether a packet is a header and at least one whole chunk after another (RFC 9260 3.2).
bool whole_chunks(Bytes packet);

bool has_chunk(Bytes packet, std::uint8_t type);

/// The chunks of `packet` that `type` is of, or those that it is not of, behind its common header.
std::vector<std::byte> with_only(Bytes packet, std::uint8_t type);
std::vector<std::byte> without(Bytes packet, std::uint8_t type);

}  // namespace petrel::inline v0::sctp
