#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::rtp {

enum class Errc {
  // Packets.
  truncated = 1,  ///< Ends before its own lengths say so.
  wrong_version,  ///< Not version 2 of RTP or RTCP.
  bad_padding,    ///< The padding is longer than what it pads, or 0.
  bad_length,     ///< The length fields of an RTCP compound do not add up to it.
  bad_extension,  ///< An identifier or a length that the form of header extension cannot carry (RFC 8285 4).
  no_room,        ///< Does not fit into the packet; nothing of it was written.
  too_many_elements,  ///< More entries than the RTCP packet can count.
  // Payloads and frames.
  empty_payload,        ///< A packet without payload where the format needs some.
  unsupported_payload,  ///< A packet type of the format that we do not take, such as STAP-B, MTAP and FU-B of
                        ///< H.264.
  malformed_payload,    ///< The payload contradicts its own lengths or fields.
  missing_fragment,     ///< A packet of the frame is missing: a fragment without its start, its middle or its
                        ///< end.
  frame_too_large,      ///< Above `max_frame_size`.
  empty_frame,          ///< Nothing in the frame that could be sent.
  unpacketizable,       ///< The frame cannot be cut to this size in this format.
  malformed_bitstream,  ///< Parameter set or slice header that contradicts the codec's specification.
  // Sessions.
  not_sending,      ///< Direction or negotiation does not allow to send.
  needs_key_frame,  ///< The frame depends on one that was never sent.
  queue_full,       ///< The frame does not fit into what may be queued.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::rtp

template <>
struct std::is_error_code_enum<petrel::rtp::Errc> : std::true_type {};
