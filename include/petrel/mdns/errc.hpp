#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::mdns {

/// What can go wrong in this module. petrel::Errc has what is common to all.
enum class Errc {
  truncated = 1,     ///< A field ends past the end of the message, or of the record.
  bad_name,          ///< A label or a name is too long, or a pointer does not lead back (RFC 1035 4.1.4).
  not_a_query,       ///< An opcode or a response code that multicast DNS has not (RFC 6762 18.3, 18.11).
  too_many_records,  ///< More questions or addresses than the limit allows.
  not_resolvable,    ///< The name is not `<uuid>.local`, and is none of ours to ask for.
  not_publishable,   ///< Nobody can be reached at the address.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::mdns

template <>
struct std::is_error_code_enum<petrel::mdns::Errc> : std::true_type {};
