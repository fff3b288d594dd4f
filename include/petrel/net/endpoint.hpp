#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

enum class IpFamily : std::uint8_t { v4, v6 };

/// An IPv4 or IPv6 address. A value; never a name.
class IpAddress {
 public:
  IpAddress() = default;  ///< 0.0.0.0
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress address;
    address.octets_ = {a, b, c, d};
    return address;
  }
  /// `scope_id` is the interface index that a link-local address belongs to.
  static IpAddress v6(const std::array<std::uint8_t, 16>& octets, std::uint32_t scope_id = 0) {
    IpAddress address;
    address.family_ = IpFamily::v6;
    address.octets_ = octets;
    address.scope_id_ = scope_id;
    return address;
  }
  /// Dotted quad or RFC 4291 2.2 text; nullopt for anything else, names included.
  PETREL_API static std::optional<IpAddress> parse(std::string_view text);

  IpFamily family() const { return family_; }
  bool is_v4() const { return family_ == IpFamily::v4; }
  bool is_v6() const { return family_ == IpFamily::v6; }
  /// The first 4 octets for IPv4, all 16 for IPv6.
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  std::size_t size() const { return is_v4() ? 4 : 16; }
  std::uint32_t scope_id() const { return scope_id_; }

  PETREL_API bool is_unspecified() const;
  PETREL_API bool is_loopback() const;    ///< 127/8, ::1
  PETREL_API bool is_link_local() const;  ///< 169.254/16, fe80::/10
  PETREL_API bool is_private() const;     ///< RFC 1918, RFC 6598, fc00::/7
  PETREL_API bool is_multicast() const;
  PETREL_API bool is_v4_mapped() const;  ///< ::ffff:0:0/96; never valid in a candidate (RFC 8445 5.1.1.1)

  /// Text as of RFC 5952; no scope.
  PETREL_API std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpFamily family_ = IpFamily::v4;
  std::array<std::uint8_t, 16> octets_{};
  std::uint32_t scope_id_ = 0;
};

/// An address and a port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  static Endpoint v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint16_t port) {
    return {IpAddress::v4(a, b, c, d), port};
  }
  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  PETREL_API static std::optional<Endpoint> parse(std::string_view text);
  PETREL_API std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace petrel::inline v0

template <>
struct std::hash<petrel::Endpoint> {
  PETREL_API std::size_t operator()(const petrel::Endpoint& endpoint) const noexcept;
};
