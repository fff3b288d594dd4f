#include "petrel/base/base64.hpp"

#include <array>
#include <cstdint>

namespace petrel::inline v0 {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 64;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

std::string base64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? digits[group >> (18 - 6 * i) & 0x3f] : '=';
  }
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  while (!text.empty()) {
    std::string_view quad = text.substr(0, 4);
    text.remove_prefix(4);
    if (text.empty()) {
      for (int i = 0; i < 2 && quad.back() == '='; ++i) quad.remove_suffix(1);
    }
    std::uint32_t group = 0;
    for (const char digit : quad) {
      const std::uint8_t value = values[static_cast<unsigned char>(digit)];
      if (value == no_digit) return std::nullopt;
      group = group << 6 | value;
    }
    const std::size_t missing = 4 - quad.size();
    group <<= 6 * missing;
    if ((group & ((1u << (8 * missing)) - 1)) != 0) return std::nullopt;
    for (std::size_t i = 0; i + missing < 3; ++i) {
      bytes.push_back(static_cast<std::byte>(group >> (16 - 8 * i)));
    }
  }
  return bytes;
}

}  // namespace petrel::inline v0
