#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::tls {

/// Who a server has to be.
struct ServerName {
  std::string dns;                     ///< Lower case, without a last dot; empty for an address.
  std::optional<IpAddress> address{};  ///< Instead of a DNS name.
};

/// The text of an IP address, or a DNS name: labels of letters, digits, '-' and '_' (which RFC 1123 2.1
/// lacks and real names have), 63 characters each and 253 together, the last one not a number.
std::optional<ServerName> parse_server_name(std::string_view text);

/// As above, and "*.example.org", which only certificates may have (RFC 9525 6.3).
std::optional<ServerName> parse_certificate_name(std::string_view text);

}  // namespace petrel::inline v0::tls
