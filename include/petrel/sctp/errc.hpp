#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::sctp {

enum class Errc {
  // What send() and reset() answer.
  not_connected = 1,  ///< The association is not up yet, or not any more.
  unknown_stream,     ///< The peer takes fewer streams, or none for a reset.
  empty,              ///< SCTP carries no empty message; RFC 8831 6.6 has identifiers that stand for one.

  // How an association ends, in Failed.
  aborted,            ///< The peer sent ABORT, or broke the protocol so that we did.
  handshake_timeout,  ///< The peer did not answer within AssociationConfig::handshake_timeout.
  unreachable,        ///< The peer did not answer a shutdown within AssociationConfig::stall_timeout.
  stalled,            ///< Data waited, and nothing of it moved for AssociationConfig::stall_timeout.
  library_failure,    ///< usrsctp could not do what it always can. The machine's fault.

  // What OutgoingReset carries.
  reset_refused,  ///< The peer denied the reset, or cannot do it (RFC 6525 4.4).

  // What connect() answers to the peer's announcement.
  bad_init,  ///< Not an INIT chunk that an association could begin with.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::sctp

template <>
struct std::is_error_code_enum<petrel::sctp::Errc> : std::true_type {};
