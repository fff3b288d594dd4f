#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn_server {

/// Who is taken for one: an IPv4 address, or the /64 of an IPv6 address, which is the least that a
/// customer gets (RFC 6177 2).
inline IpAddress source_of(const IpAddress& address) {
  if (address.is_v4()) return address;
  std::array<std::uint8_t, 16> octets = address.octets();
  std::fill(octets.begin() + 8, octets.end(), std::uint8_t{0});
  return IpAddress::v6(octets);
}

}  // namespace petrel::inline v0::turn_server
