#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::ice {

enum class Errc {
  malformed_candidate = 1,  ///< Not the grammar of RFC 8839 5.1.
  unsupported_transport,    ///< A transport that is neither UDP nor TCP.
  unsupported_type,         ///< A candidate type that RFC 8445 does not know.
  bad_credentials,          ///< Lengths or characters outside of RFC 8839 5.4.
  unknown_stream,           ///< No stream of this agent has that id.
  credentials_missing,      ///< A remote candidate needs the remote credentials first.
  credentials_changed,      ///< Other credentials are set already; that would be an ICE restart.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::ice

template <>
struct std::is_error_code_enum<petrel::ice::Errc> : std::true_type {};
