#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/payload/coded_frame.hpp"
#include "petrel/rtp/payload/slice.hpp"

namespace petrel::inline v0::rtp::h264 {

/// packetization-mode, RFC 6184 6.2 and 6.3.
enum class PacketizationMode : std::uint8_t {
  single_nal_unit = 0,  ///< One NAL unit, one packet; a larger one cannot be sent.
  non_interleaved = 1,  ///< Small NAL units share a packet (STAP-A), large ones are cut (FU-A).
};

struct Packets {
  std::vector<PayloadSlice> slices;  ///< Borrow the access unit.
  std::size_t empty_units = 0;       ///< NAL units of no bytes, which were left out.
};

/// Cuts an access unit in Annex B form into payloads of at most `max_payload` bytes. Access unit delimiters
/// and filler are left out: RTP's marker and padding say the same.
///
/// rtp::Errc::empty_frame without a NAL unit, frame_too_large, unpacketizable for a NAL unit above
/// `max_payload` in mode 0, or of a type that only packets have (24 to 31).
PETREL_API Result<Packets> packetize(Bytes access_unit, std::size_t max_payload, PacketizationMode mode);

/// Whether an access unit may begin with this payload. A slice of a single NAL unit packet, or the
/// first fragment of one, begins one only at macroblock 0.
PETREL_API bool is_start_of_frame(Bytes payload);

/// Whether the payload has an IDR slice, or a piece of one.
PETREL_API bool is_key_frame(Bytes payload);

/// Puts the payloads of one access unit together, RFC 6184 7.1: single NAL units, STAP-A and FU-A.
///
/// Takes payloads in order, without gaps. After an error only take() is of use, and its frame is not.
class PETREL_API Depacketizer {
 public:
  /// rtp::Errc::missing_fragment where an FU-A does not go on where the last one stopped,
  /// unsupported_payload for STAP-B, MTAP, FU-B and the types without a meaning, malformed_payload,
  /// empty_payload, frame_too_large.
  Result<void> append(Bytes payload);

  /// The access unit in Annex B form, with start codes of four bytes; then begins anew.
  /// rtp::Errc::missing_fragment if the last NAL unit has no end, empty_frame if nothing came.
  Result<CodedFrame> take();

 private:
  Result<void> append_aggregate(Bytes payload);
  Result<void> append_fragment(Bytes payload);
  void begin_unit(std::byte header);

  CodedFrame frame_;
  bool in_fragment_ = false;     ///< An FU-A has begun, and its last piece is to come.
  std::byte fragment_header_{};  ///< Of the NAL unit that is in pieces.
};

}  // namespace petrel::inline v0::rtp::h264
