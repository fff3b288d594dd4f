#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/http/message.hpp"

namespace petrel::inline v0::http {

/// Who may talk to a server that gives out something private.
///
/// Every web page that is open in a browser can send requests to a port on localhost, and by DNS
/// rebinding even read the answers under its own name. So a request must ask for a host that is
/// ours, and a script that sends it must come from that same host, or from an origin that the user
/// has allowed.
struct AccessPolicy {
  /// Names and addresses that this server answers to, without port; brackets around IPv6. Loopback
  /// names (localhost, 127.0.0.1, [::1]) are always among them.
  std::vector<std::string> hosts{};
  /// Also any literal address, for a server that listens on all interfaces: rebinding needs a name.
  bool any_address = false;
  /// Foreign origins that may use the server, as the browser writes them ("https://example.org"), or "*".
  std::vector<std::string> origins{};
  /// What a client must present; empty: nothing.
  std::string token{};
};

/// The response for a request that may not go on: 403 for a foreign Host or Origin, 401 for a missing
/// or wrong token, 204 or 403 for a CORS preflight. nullopt: serve it.
///
/// The token comes as `Authorization: Bearer …`, or for GET and HEAD as `?token=…`, since an address
/// that a person opens carries no header. A preflight carries no token (Fetch 4.8) and needs none.
PETREL_API std::optional<Response> refuse_access(const AccessPolicy& policy, const Request& request);

/// What a response to an allowed foreign origin needs so that the page may read it; empty for any other
/// request. Append it to every response, errors included.
PETREL_API Headers cors_headers(const AccessPolicy& policy, const Request& request);

/// Compares in a time that depends on the lengths only, so that a token cannot be guessed byte by byte.
PETREL_API bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace petrel::inline v0::http
