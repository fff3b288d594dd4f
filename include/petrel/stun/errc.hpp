#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::stun {

/// What can go wrong with a STUN message or a STUN transaction.
enum class Errc {
  truncated = 1,       ///< Fewer bytes than the header, or than its length field says.
  not_stun,            ///< The two leading bits or the magic cookie are wrong: another protocol.
  bad_length,          ///< The length field is no multiple of four, or bytes follow the message.
  bad_attribute,       ///< An attribute reaches beyond the end of the message.
  attribute_too_long,  ///< A value to send is longer than its attribute may be.
  message_too_long,    ///< The message to send does not fit one packet.
  bad_value,           ///< A value to send is not allowed in its attribute.
  timed_out,           ///< Every retransmission went unanswered (RFC 8489 6.2.1).
  refused,             ///< The server answered with an error.
  redirect_refused,    ///< The server named an alternate that may not be followed (RFC 8489 10).
  unknown_attribute,   ///< An answer cannot be understood, or ours was not (420).
  no_mapped_address,   ///< A Binding success response without a usable address.
  no_other_address,    ///< The server does not take part in NAT behaviour discovery (RFC 5780 7.4).
  other_silent,        ///< It names another address of itself, which does not answer.
  change_refused,      ///< It does not do as CHANGE-REQUEST or RESPONSE-PORT says (RFC 5780 7.2, 7.5).
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::stun

template <>
struct std::is_error_code_enum<petrel::stun::Errc> : std::true_type {};
