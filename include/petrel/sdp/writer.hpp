#pragma once

#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/sdp/session.hpp"

namespace petrel::inline v0::sdp {

/// The session as text: CRLF, lines in the order of RFC 8866 9, attributes in their own order.
/// Whatever parse() accepted is written as text that it accepts and that is written the same again.
PETREL_API std::string write(const Session& session);

}  // namespace petrel::inline v0::sdp
