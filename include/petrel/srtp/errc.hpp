#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::srtp {

enum class Errc {
  malformed = 1,          ///< Too short, or not a whole RTP or RTCP header (version 2).
  authentication_failed,  ///< Forged, damaged, or protected with other keys.
  replayed,               ///< This index was accepted before (RFC 3711 3.3.2).
  too_old,                ///< Behind the replay window, so that nobody knows whether it is a replay.
  already_protected,  ///< This (SSRC, index) was protected before; again would reuse a nonce (RFC 3711 9.1).
  key_expired,  ///< 2^48 packets, or 2^31 control packets: the keys must not protect more (RFC 3711 9.2).
  too_many_sources,  ///< Session::max_sources SSRCs are in use in this direction.
  bad_key,           ///< A key or salt is not as long as the profile wants.
  library_failure,   ///< libsrtp2 could not do what it always can. The machine's fault.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::srtp

template <>
struct std::is_error_code_enum<petrel::srtp::Errc> : std::true_type {};
