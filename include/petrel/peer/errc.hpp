#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::jsep {

/// Why a description was refused, or an m-line in it. Negotiation::detail() says it in words.
enum class Errc {
  wrong_signaling_state = 1,     ///< The description's type is not legal now (JSEP 4.1.8, 4.1.10).
  modified_description,          ///< set_local_description() got something else than what was created last.
  nothing_created,               ///< An empty local description, and nothing was created that it could mean.
  malformed_description,         ///< The SDP is sound, but not as WebRTC needs it.
  answer_does_not_match_offer,   ///< m-line count, mid, kind, protocol or BUNDLE groups differ.
  offer_does_not_match_session,  ///< A new offer dropped or moved m-lines of the session (JSEP 5.8.3).
  missing_ice_credentials,  ///< No ice-ufrag or ice-pwd, or not of the lengths that RFC 8839 5.4 demands.
  missing_fingerprint,      ///< No fingerprint: the peer's certificate could not be checked.
  invalid_setup,            ///< An a=setup that RFC 8842 5 does not allow here.
  rtcp_mux_required,        ///< The m-line wants RTCP on a port of its own, which is not supported.
  unsupported_protocol,     ///< The m-line's transport is not DTLS-SRTP, or for data channels not SCTP over
                            ///< DTLS.
  unsupported_media,        ///< The m-line is neither audio nor video nor data channels.
  not_bundled,              ///< The m-line wants a transport of its own; only one is supported.
  no_common_codec,          ///< Nothing both sides can do on this m-line.
  rejected_by_peer,         ///< The peer set the m-line's port to 0.
  stopped,                  ///< The transceiver of the m-line was stopped.
  unknown_media_line,       ///< No m-line has this mid or index.
  unknown_transceiver,      ///< No transceiver has this id, or it was stopped.
  too_many_transceivers,    ///< More m-lines than Negotiation::max_media_lines.
  no_payload_type_left,     ///< All dynamic payload types are taken.
  stale_candidate,          ///< A trickled candidate's ufrag is of no description in force.
  second_data_section,      ///< One m-line carries all data channels, and there is one already.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::jsep

template <>
struct std::is_error_code_enum<petrel::jsep::Errc> : std::true_type {};
