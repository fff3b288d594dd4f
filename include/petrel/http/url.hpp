#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/http/errc.hpp"

namespace petrel::inline v0::http {

/// An absolute URL of a server that HTTP or WebSocket is spoken to (RFC 3986 3, RFC 6455 3).
struct PETREL_API Url {
  std::string scheme;      ///< "http", "https", "ws" or "wss".
  std::string host;        ///< A name in lower case, or an address; IPv6 without its brackets.
  std::uint16_t port = 0;  ///< The scheme's own where none is named.
  std::string path = "/";  ///< From the first '/', as it is in the URL, still percent-encoded.
  std::string query{};     ///< After '?', as it is in the URL.

  bool secure() const { return scheme == "https" || scheme == "wss"; }
  /// What the Host field says (RFC 9110 7.2): without the port where it is the scheme's own.
  std::string authority() const;

  friend bool operator==(const Url&, const Url&) = default;
};

/// The longest URL that is read. A pre-signed one with a long session token has some 3,000 bytes.
inline constexpr std::size_t max_url_bytes = 16 * 1024;

/// Reads a URL. A fragment and a user are refused: neither has a place in a request. Errors:
/// Errc::malformed_url, Errc::unsupported_scheme.
PETREL_API Result<Url> parse_url(std::string_view text);

PETREL_API std::string to_string(const Url& url);

/// What a reference in an answer of `base` means, such as a Location field: a whole URL, or a path, a query
/// or an authority that is to be read in its light (RFC 3986 5.2). A fragment is dropped. Errors as of
/// parse_url().
PETREL_API Result<Url> resolve(const Url& base, std::string_view reference);

/// Whether both have the same scheme, host and port (RFC 6454 4): what may see the same secrets.
PETREL_API bool same_origin(const Url& a, const Url& b);

/// Everything but the unreserved characters of RFC 3986 2.3 as %XX, with capital letters.
PETREL_API std::string percent_encode(std::string_view text);

}  // namespace petrel::inline v0::http
