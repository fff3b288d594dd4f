#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
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

}  // namespace petrel::inline v0::rtp::h264
