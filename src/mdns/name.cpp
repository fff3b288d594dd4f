#include "petrel/mdns/name.hpp"

#include <algorithm>
#include <array>

namespace petrel::inline v0::mdns {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t uuid_size = 36;
constexpr std::array<std::size_t, 4> uuid_dashes{8, 13, 18, 23};  // RFC 9562 4

bool is_dash(std::size_t index) { return std::ranges::find(uuid_dashes, index) != uuid_dashes.end(); }

bool is_uuid(std::string_view text) {
  if (text.size() != uuid_size) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash(i) ? text[i] != '-' : hex_digits.find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

}  // namespace

std::optional<Name> Name::from_text(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  Name name;
  name.wire_.clear();
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('.'), text.size());
    if (size == 0 || size > max_label_size) return std::nullopt;
    name.wire_.push_back(static_cast<char>(size));
    std::ranges::transform(text.substr(0, size), std::back_inserter(name.wire_), lower);
    if (size + 1 == text.size()) return std::nullopt;  // A dot with no label after it.
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  name.wire_.push_back('\0');
  if (name.wire_.size() == 1 || name.wire_.size() > max_wire_size) return std::nullopt;
  return name;
}

Name Name::random(RandomSource& random) {
  auto bytes = random.bytes<16>();
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // RFC 9562 5.4: version 4,
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // variant 0b10.
  std::string text;
  for (const std::byte b : bytes) {
    if (is_dash(text.size())) text.push_back('-');
    text.push_back(hex_digits[std::to_integer<std::size_t>(b >> 4)]);
    text.push_back(hex_digits[std::to_integer<std::size_t>(b & std::byte{15})]);
  }
  return *from_text(text + ".local");
}

bool Name::is_uuid_local() const {
  constexpr std::string_view local("\5local\0", 7);
  return wire_.size() == 1 + uuid_size + local.size() && wire_.front() == static_cast<char>(uuid_size) &&
         is_uuid(std::string_view(wire_).substr(1, uuid_size)) && wire_.ends_with(local);
}

std::string Name::to_string() const {
  std::string text;
  for (std::size_t at = 0; wire_[at] != '\0';) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(wire_[at]));
    if (!text.empty()) text.push_back('.');
    for (const char c : std::string_view(wire_).substr(at + 1, size)) {
      if (is_plain(c)) {
        text.push_back(c);
        continue;
      }
      const auto value = static_cast<unsigned>(static_cast<unsigned char>(c));
      text.push_back('\\');
      for (const unsigned digit : {value / 100, value / 10 % 10, value % 10}) {
        text.push_back(static_cast<char>('0' + digit));
      }
    }
    at += 1 + size;
  }
  return text;
}

}  // namespace petrel::inline v0::mdns
