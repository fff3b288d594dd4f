#pragma once

#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/whip/trickle_fragment.hpp"

namespace petrel::inline v0::whip {

// An ICE restart by WHIP and WHEP (RFC 9725 4.3.3) carries credentials and candidates only, as a
// fragment. These turn fragments into descriptions and back; neither checks the SDP otherwise.

/// The same description after an ICE restart: with these credentials in place of its own, and without
/// candidates.
PETREL_API std::string with_ice_credentials(std::string_view sdp, std::string_view ufrag,
                                            std::string_view pwd);

/// What a description says about ICE: credentials, and the candidates of each m-line that has any.
PETREL_API TrickleFragment ice_fragment_of(std::string_view sdp);

}  // namespace petrel::inline v0::whip
