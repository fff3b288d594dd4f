#pragma once

#include <cstdint>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// CRC-32C, RFC 9260 Appendix A, by the processor's own instruction where it has one.
std::uint32_t crc32c(Bytes data);
/// The same by tables alone, which is what is compared with.
std::uint32_t crc32c_by_tables(Bytes data);

/// The checksum field of a packet, RFC 9260 3.1: bytes 8 to 11, which count as zero, the
/// least significant byte first.
inline constexpr std::size_t checksum_offset = 8;
void write_checksum(std::span<std::byte> packet);
bool checksum_ok(Bytes packet);
/// Zero, which RFC 9653 gives a meaning to.
void omit_checksum(std::span<std::byte> packet);

}  // namespace petrel::inline v0::sctp
