#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/payload/coded_frame.hpp"
#include "petrel/rtp/payload/slice.hpp"

namespace petrel::inline v0::rtp::vp8 {

/// The payload descriptor before each piece of a VP8 frame, RFC 7741 4.2.
struct PETREL_API Descriptor {
  bool non_reference = false;  ///< N: can be dropped without harm to other frames.
  bool start_of_partition = false;
  std::uint8_t partition = 0;  ///< 0 to 7.
  std::optional<std::uint16_t> picture_id = std::nullopt;
  bool long_picture_id = true;  ///< Written with 15 bits, not 7.
  std::optional<std::uint8_t> tl0_picture_index = std::nullopt;
  std::optional<std::uint8_t> temporal_layer = std::nullopt;  ///< 0 to 3.
  bool layer_sync = false;                                    ///< Y; only with `temporal_layer`.
  std::optional<std::uint8_t> key_index = std::nullopt;       ///< 0 to 31.

  static constexpr std::size_t max_size = 6;

  bool starts_frame() const { return start_of_partition && partition == 0; }
  /// Writes the descriptor; false if it does not fit.
  bool write(ByteWriter& out) const;
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct Payload {
  Descriptor descriptor;
  Bytes body;  ///< What follows the descriptor; never empty. Borrowed.
};

/// rtp::Errc::truncated, or empty_payload if nothing follows the descriptor (RFC 7741 4.2 forbids it).
PETREL_API Result<Payload> parse_payload(Bytes payload);

/// The frame header as far as RFC 7741 4.3 and RFC 6386 9.1 show it at the start of a frame.
struct FrameHeader {
  bool key_frame = false;
  bool shown = true;
  std::uint8_t version = 0;
  std::uint32_t first_partition_size = 0;
  std::uint16_t width = 0;  ///< Of key frames; 0 else.
  std::uint16_t height = 0;
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

/// `frame` is a frame, or the body of its first packet. rtp::Errc::truncated, or malformed_bitstream for
/// a key frame without its start code.
PETREL_API Result<FrameHeader> parse_frame_header(Bytes frame);

/// Cuts a frame into payloads of at most `max_payload` bytes, of about equal size, with the shortest
/// descriptor: a picture number belongs to a stream, and slices to all viewers. rtp::Errc::empty_frame,
/// frame_too_large.
PETREL_API Result<std::vector<PayloadSlice>> packetize(Bytes frame, std::size_t max_payload);

/// Puts the payloads of one frame together. Takes them in order, without gaps; after an error only
/// take() is of use, and its frame is not.
class PETREL_API Depacketizer {
 public:
  /// rtp::Errc::missing_fragment if the first one does not start the frame or a later one does, those of
  /// parse_payload() and parse_frame_header(), frame_too_large.
  Result<void> append(Bytes payload);

  /// The frame; then begins anew. rtp::Errc::empty_frame if nothing came.
  Result<CodedFrame> take();

 private:
  CodedFrame frame_;
};

}  // namespace petrel::inline v0::rtp::vp8
