#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::web {

/// What can go wrong between a client and a web server. http::Errc and tls::Errc have the rest.
enum class Errc {
  name_not_found = 1,  ///< The host name has no address.
  connect_failed,      ///< None of the server's addresses took the connection.
  timed_out,           ///< The server did not answer in time.
  connection_closed,   ///< The server closed the connection before it had answered.
  bad_upgrade,         ///< The answer to a WebSocket handshake breaks RFC 6455 4.1.
  protocol_error,      ///< Frames that break RFC 6455, or a message over the limit.
  too_much_unsent,     ///< The peer takes in nothing, and more does not fit.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::web

template <>
struct std::is_error_code_enum<petrel::web::Errc> : std::true_type {};
