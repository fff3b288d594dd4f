#include "petrel/net/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace petrel::inline v0 {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton wants a terminated string, and no address is longer than this.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  if (text.find('\0') != std::string_view::npos) return std::nullopt;

  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, terminated.data(), octets.data()) == 1) {
    return v4(octets[0], octets[1], octets[2], octets[3]);
  }
  if (inet_pton(AF_INET6, terminated.data(), octets.data()) == 1) return v6(octets);
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets_, [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.end() - 1, [](std::uint8_t octet) { return octet == 0; }) &&
         octets_[15] == 1;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return octets_[0] == 169 && octets_[1] == 254;
  return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_private() const {
  if (is_v6()) return (octets_[0] & 0xfe) == 0xfc;
  return octets_[0] == 10 || (octets_[0] == 172 && (octets_[1] & 0xf0) == 16) ||
         (octets_[0] == 192 && octets_[1] == 168) || (octets_[0] == 100 && (octets_[1] & 0xc0) == 64);
}

bool IpAddress::is_multicast() const { return is_v4() ? (octets_[0] & 0xf0) == 0xe0 : octets_[0] == 0xff; }

bool IpAddress::is_v4_mapped() const {
  return is_v6() &&
         std::all_of(octets_.begin(), octets_.begin() + 10, [](std::uint8_t octet) { return octet == 0; }) &&
         octets_[10] == 0xff && octets_[11] == 0xff;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), text.data(), text.size());
  return text.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);

  const auto address = IpAddress::parse(host);
  // "2001:db8::1" without brackets would give its last group to the port.
  if (!address || address->is_v6() != bracketed) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return Endpoint{*address, port};
}

std::string Endpoint::to_string() const {
  std::string text = address.to_string();
  if (address.is_v6()) {
    text.insert(text.begin(), '[');
    text.push_back(']');
  }
  return text.append(":").append(std::to_string(port));
}

}  // namespace petrel::inline v0

std::size_t std::hash<petrel::Endpoint>::operator()(const petrel::Endpoint& endpoint) const noexcept {
  // FNV-1a: short, and good enough for tables that a flood cannot grow (their sizes are limited).
  std::uint64_t state = 14695981039346656037ULL;
  const auto mix = [&state](std::uint8_t octet) { state = (state ^ octet) * 1099511628211ULL; };
  for (const std::uint8_t octet : endpoint.address.octets()) mix(octet);
  mix(static_cast<std::uint8_t>(endpoint.port >> 8));
  mix(static_cast<std::uint8_t>(endpoint.port & 0xff));
  return static_cast<std::size_t>(state);
}
