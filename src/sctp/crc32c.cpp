#include "sctp/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace petrel::inline v0::sctp {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // 0x1edc6f41, the other way round.

using Table = std::array<std::uint32_t, 256>;

// tables[n][b]: what byte b does to the checksum n bytes later.
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? polynomial ^ (value >> 1) : value >> 1;
    tables[0][i] = value;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[n][i] = (tables[n - 1][i] >> 8) ^ tables[0][tables[n - 1][i] & 0xff];
    }
  }
  return tables;
}

constexpr auto tables = make_tables();

std::uint64_t little_endian(const std::byte* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

std::uint32_t update_by_tables(std::uint32_t crc, Bytes data) {
  const std::byte* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = little_endian(at) ^ crc;
    const auto byte = [word](unsigned n) { return static_cast<std::size_t>((word >> (8 * n)) & 0xff); };
    crc = tables[7][byte(0)] ^ tables[6][byte(1)] ^ tables[5][byte(2)] ^ tables[4][byte(3)] ^
          tables[3][byte(4)] ^ tables[2][byte(5)] ^ tables[1][byte(6)] ^ tables[0][byte(7)];
  }
  for (; left > 0; ++at, --left) {
    crc = tables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

using Update = std::uint32_t (*)(std::uint32_t, Bytes);

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t update_by_instruction(std::uint32_t crc, Bytes data) {
  const std::byte* at = data.data();
  std::size_t left = data.size();
  std::uint64_t wide = crc;
  for (; left >= 8; at += 8, left -= 8) wide = _mm_crc32_u64(wide, little_endian(at));
  crc = static_cast<std::uint32_t>(wide);
  for (; left > 0; ++at, --left) crc = _mm_crc32_u8(crc, std::to_integer<std::uint8_t>(*at));
  return crc;
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
std::uint32_t update_by_instruction(std::uint32_t crc, Bytes data) {
  const std::byte* at = data.data();
  std::size_t left = data.size();
  // By hand, because the compilers disagree on the name of the function for it.
  for (; left >= 8; at += 8, left -= 8) {
    asm(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(little_endian(at)));
  }
  for (; left > 0; ++at, --left) {
    asm(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1"
        : "+r"(crc)
        : "r"(std::to_integer<std::uint32_t>(*at)));
  }
  return crc;
}
bool has_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
std::uint32_t update_by_instruction(std::uint32_t crc, Bytes data) { return update_by_tables(crc, data); }
bool has_instruction() { return false; }
#endif

std::uint32_t update(std::uint32_t crc, Bytes data) {
  static const Update fastest = has_instruction() ? update_by_instruction : update_by_tables;
  return fastest(crc, data);
}

std::uint32_t chunkssum(Bytes packet) {
  constexpr std::array<std::byte, 4> zero{};
  std::uint32_t crc = update(0xffffffff, packet.first(checksum_offset));
  crc = update(crc, zero);
  return ~update(crc, packet.subspan(checksum_offset + zero.size()));
}

}  // namespace

std::uint32_t crc32c(Bytes data) { return ~update(0xffffffff, data); }
std::uint32_t crc32c_by_tables(Bytes data) { return ~update_by_tables(0xffffffff, data); }

void write_checksum(std::span<std::byte> packet) {
  const std::uint32_t crc = chunkssum(packet);
  for (std::size_t i = 0; i < 4; ++i) {
    packet[checksum_offset + i] = static_cast<std::byte>((crc >> (8 * i)) & 0xff);
  }
}

void omit_checksum(std::span<std::byte> packet) {
  std::ranges::fill(packet.subspan(checksum_offset, 4), std::byte{0});
}

bool checksum_ok(Bytes packet) {
  if (packet.size() < checksum_offset + 4) return false;
  std::uint32_t stated = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    stated |= std::to_integer<std::uint32_t>(packet[checksum_offset + i]) << (8 * i);
  }
  return stated == chunkssum(packet);
}

}  // namespace petrel::inline v0::sctp
