#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// What can go wrong in any module. Each module adds its own Errc for the rest.
enum class Errc {
  too_long = 1,      ///< More bytes than the limit allows.
  closed,            ///< The object, or the peer it belongs to, is closed.
  wrong_state,       ///< The call is not legal in this state; the operation's documentation says when it is.
  invalid_argument,  ///< An argument is outside of what the documentation allows.
  limit_reached,     ///< A named limit of the library would be exceeded.
  busy,              ///< The same operation is already under way.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0

template <>
struct std::is_error_code_enum<petrel::Errc> : std::true_type {};
