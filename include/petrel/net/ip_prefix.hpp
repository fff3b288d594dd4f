#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0 {

/// A block of addresses: 192.0.2.0/24, 2001:db8::/32 (RFC 4632 3.1, RFC 4291 2.3).
struct IpPrefix {
  IpAddress address;
  unsigned bits = 0;

  /// "192.0.2.0/24"; an address alone is the block of that one. Bits behind the prefix are ignored.
  PETREL_API static std::optional<IpPrefix> parse(std::string_view text);
  /// False for addresses of the other family, always.
  PETREL_API bool contains(const IpAddress& other) const;
  PETREL_API std::string to_string() const;
};

/// Whether one of the blocks has the address in it.
PETREL_API bool any_contains(const std::vector<IpPrefix>& prefixes, const IpAddress& address);

/// Some addresses of all: those in `only`, or any if that is empty, without those in `except`.
struct AddressFilter {
  std::vector<IpPrefix> only{};
  std::vector<IpPrefix> except{};

  PETREL_API bool admits(const IpAddress& address) const;
};

}  // namespace petrel::inline v0
