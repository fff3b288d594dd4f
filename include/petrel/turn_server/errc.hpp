#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::turn_server {

/// What can be wrong with a ServerConfig. What clients do wrong is answered, counted or dropped.
enum class Errc {
  no_listener = 1,    ///< There is no address to listen at, or more than max_listeners.
  no_identity,        ///< A TLS or DTLS listener without `identity`.
  bad_realm,          ///< Empty, or over max_realm_bytes.
  no_credentials,     ///< Nobody could use the relay: no user, no secret, no directory.
  bad_user,           ///< A user's name or password is empty or too long.
  bad_secret,         ///< Shorter than min_secret_bytes, which could be guessed.
  no_relay_address,   ///< No address to relay from; a listener at 0.0.0.0 or :: does not tell one.
  bad_relay_address,  ///< Unspecified, multicast, or two of one family.
  bad_port_range,     ///< Empty, or it begins below 1024.
  bad_lifetime,       ///< A lifetime that is not positive, or a default above the maximum.
  bad_limit,          ///< A limit of 0, or one above what can be counted.
  bad_alternate,      ///< `alternate` does not differ from the first UDP listener, or either has no address.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::turn_server

template <>
struct std::is_error_code_enum<petrel::turn_server::Errc> : std::true_type {};
