#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/result.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0::turn {

/// An HTTP proxy that connections to TURN servers go through by CONNECT (RFC 9110 9.3.6): the only way
/// out of many a company. It carries TCP and TLS; UDP goes direct, or not at all.
struct HttpProxy {
  std::string host;  ///< A name or the text of an address; an IPv6 address without its brackets.
  std::uint16_t port = 80;
  /// For Basic authentication (RFC 7617), which is sent unasked and in the clear; empty: none.
  std::string username{};
  std::string password{};

  friend bool operator==(const HttpProxy&, const HttpProxy&) = default;
};

/// Reads `http://[username[:password]@]host[:port][/]`. What has a meaning of its own in a username or a
/// password (`@`, `:`, `/`, `%`) is written with `%` (RFC 3986 2.1). Errc::bad_proxy_url.
PETREL_API Result<HttpProxy> parse_http_proxy(std::string_view url);

/// "http://host:port": without the username and password, for logs and reports.
PETREL_API std::string to_string(const HttpProxy& proxy);

}  // namespace petrel::inline v0::turn
