#include "mdns/read_name.hpp"

#include <algorithm>
#include <iterator>

namespace petrel::inline v0::mdns {
namespace {

// RFC 1035 4.1.4: two bits tell labels from pointers; the other two values mean nothing.
constexpr std::size_t pointer_bits = 0xc0;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<Name> read_name(Bytes message, std::size_t& offset) {
  Name name;
  name.wire_.clear();
  std::size_t part = offset;  // Where the labels that are being read began.
  std::size_t at = offset;
  std::optional<std::size_t> end;  // Behind the first pointer.
  std::size_t pointers = 0;
  while (at < message.size()) {
    const auto size = std::to_integer<std::size_t>(message[at]);
    if ((size & pointer_bits) == pointer_bits) {
      if (at + 1 >= message.size() || ++pointers > max_pointers) return std::nullopt;
      const std::size_t target = (size & ~pointer_bits) << 8 | std::to_integer<std::size_t>(message[at + 1]);
      if (target >= part) return std::nullopt;
      if (!end) end = at + 2;
      part = at = target;
      continue;
    }
    if (size > Name::max_label_size || size >= message.size() - at) return std::nullopt;
    name.wire_.push_back(static_cast<char>(size));
    std::ranges::transform(as_text(message.subspan(at + 1, size)), std::back_inserter(name.wire_), lower);
    if (name.wire_.size() > Name::max_wire_size) return std::nullopt;
    at += 1 + size;
    if (size == 0) {
      offset = end.value_or(at);
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace petrel::inline v0::mdns
