#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/payload/coded_frame.hpp"
#include "petrel/rtp/payload/h264.hpp"
#include "petrel/rtp/payload/slice.hpp"
#include "petrel/rtp/payload/vp8.hpp"

namespace petrel::inline v0::rtp {

/// How frames of a codec become RTP payloads.
enum class PayloadFormat : std::uint8_t {
  h264,  ///< RFC 6184, packetization mode 1. Frames are access units in Annex B form.
  vp8,   ///< RFC 7741. A frame is what the encoder gave.
  opus,  ///< RFC 7587. One Opus packet, one RTP packet.
  raw,   ///< Any other codec whose frame is a whole payload, such as G.711: one frame, one packet.
};

/// The smallest `max_payload` that is accepted: below it payload headers eat the packet.
constexpr std::size_t min_max_payload = 32;

/// Cuts a frame into payloads of at most `max_payload` bytes; the last one has the marker set.
///
/// The marker of audio means something else (RFC 3551 4.1: the first packet after silence), so slices
/// of opus and raw have none. The slices borrow `frame`. Errc::empty_frame, frame_too_large, unpacketizable
/// (a frame of opus or raw above `max_payload`), invalid_argument of base for a `max_payload` below
/// `min_max_payload`.
PETREL_API Result<std::vector<PayloadSlice>> packetize(PayloadFormat format, Bytes frame,
                                                       std::size_t max_payload);

/// Whether a frame may begin with this packet. False is certain. True is a guess for a H.264 NAL unit
/// that is not a slice: only the packet before (its marker, its timestamp) can tell.
PETREL_API bool is_start_of_frame(PayloadFormat format, Bytes payload);

/// Whether the packet shows that its frame is a key frame: an IDR slice in any packet of it (H.264), the
/// first packet of it (VP8). For H.264 a parameter set alone does not count. Always true for opus and raw.
PETREL_API bool is_key_frame(PayloadFormat format, Bytes payload);

/// Puts the packets of one frame together again.
///
/// Takes the packets of one RTP timestamp, in order and without gaps; reordering, loss and the choice
/// of packets are the caller's. What still does not fit together is an error by name, after which the
/// rest of the frame is refused by the same error, until reset() or the end of the frame.
class PETREL_API Depacketizer {
 public:
  explicit Depacketizer(PayloadFormat format);

  PayloadFormat format() const { return format_; }

  /// With `marker` (the packet is the last one of its frame) answers the frame, or why there is none; the
  /// next packet then begins a new frame. Without it nullopt: more is needed. For opus and raw every
  /// packet is the last one.
  Result<std::optional<CodedFrame>> push(Bytes payload, bool marker);

  /// The frame as far as it came, for senders that set no marker: the timestamp has changed.
  /// Errc::empty_frame if nothing came.
  Result<CodedFrame> finish();

  /// Forgets what came of the frame.
  void reset();

 private:
  /// A format whose frames are single payloads.
  struct WholePayload {
    Result<void> append(Bytes payload);
    Result<CodedFrame> take();

    CodedFrame frame;
  };

  PayloadFormat format_;
  std::variant<WholePayload, h264::Depacketizer, vp8::Depacketizer> codec_;
  std::error_code failure_;
};

}  // namespace petrel::inline v0::rtp
