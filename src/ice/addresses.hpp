#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::ice {

/// Sockets per agent. Hosts have a handful of addresses; those with hundreds (container
/// hosts) would only make hundreds of pairs that lead nowhere.
constexpr std::size_t max_sockets = 16;

struct AddressPolicy {
  bool loopback = false;
  bool ipv6 = true;
};

/// The addresses to gather host candidates from, best first: RFC 8445 5.1.1.1 and RFC 8835 3.3.
///
///  - Never: wildcards, multicast, deprecated addresses.
///  - Of an interface with temporary IPv6 addresses only those, for privacy.
///  - Link-local addresses of a family only where nothing else of that family is there.
///  - Loopback addresses only by the policy, and then last.
///  - IPv6 and IPv4 take turns, IPv6 first (RFC 8421 4), within the order given.
std::vector<IpAddress> choose_addresses(std::span<const LocalAddress> up, AddressPolicy policy);

}  // namespace petrel::inline v0::ice
