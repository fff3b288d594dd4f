#include "petrel/crypto/crc32.hpp"

#include <array>

namespace petrel::inline v0::crypto {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr auto table = make_table();

}  // namespace

std::uint32_t crc32(Bytes data) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte b : data) crc = table[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xff] ^ (crc >> 8);
  return crc ^ 0xffffffff;
}

}  // namespace petrel::inline v0::crypto
