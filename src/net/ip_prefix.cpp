#include "petrel/net/ip_prefix.hpp"

#include <algorithm>
#include <charconv>

namespace petrel::inline v0 {

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto most = static_cast<unsigned>(address->size() * 8);
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > most) return std::nullopt;
  }
  return IpPrefix{*address, bits};
}

bool IpPrefix::contains(const IpAddress& other) const {
  if (other.family() != address.family()) return false;
  for (unsigned bit = 0; bit < bits; bit += 8) {
    const unsigned left = std::min(8U, bits - bit);
    const unsigned mask = 0xffU << (8 - left) & 0xffU;
    if (((address.octets()[bit / 8] ^ other.octets()[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::string IpPrefix::to_string() const {
  return address.to_string().append("/").append(std::to_string(bits));
}

bool any_contains(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::ranges::any_of(prefixes, [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

bool AddressFilter::admits(const IpAddress& address) const {
  return (only.empty() || any_contains(only, address)) && !any_contains(except, address);
}

}  // namespace petrel::inline v0
