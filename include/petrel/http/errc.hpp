#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::http {

/// Why a URL or a response is refused. What is wrong with a request is an HTTP status,
/// see Rejection.
enum class Errc {
  malformed_url = 1,   ///< Not `scheme://host[:port][/path][?query]`.
  unsupported_scheme,  ///< Neither http, https, ws nor wss.
  malformed_response,  ///< What answers does not speak HTTP/1.1 (RFC 9112).
  response_too_large,  ///< More than ResponseLimits allow.
  response_cut_short,  ///< The connection ended within a response.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::http

template <>
struct std::is_error_code_enum<petrel::http::Errc> : std::true_type {};
