#pragma once

#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/recovery/packet_history.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {

// The payload of a retransmission packet, RFC 4588 4:
//
//    0                   1                   2                   3
//   +-------------------------------+-------------------------------+
//   |  OSN: original sequence number|  original payload             |
//   +-------------------------------+-------------------------------+
constexpr std::size_t rtx_overhead = 2;

/// The packet as it is sent the first time. Errors as begin_packet().
PETREL_API Result<PacketBuffer> write_original(const SentPacket& packet, const ExtensionBlock& extensions);

/// What differs between an original and its retransmission, RFC 4588 4.
struct RtxHeader {
  PayloadType payload_type{};
  std::uint16_t sequence = 0;
  Ssrc ssrc{};
};

/// The retransmission of `packet` on a stream of its own; marker and timestamp stay. Errors as
/// begin_packet().
PETREL_API Result<PacketBuffer> write_retransmission(const SentPacket& packet, const RtxHeader& header,
                                                     const ExtensionBlock& extensions);

struct RtxPayload {
  std::uint16_t original_sequence = 0;
  Bytes payload;  ///< Borrowed.
};

/// Errc::truncated for less than an original sequence number.
PETREL_API Result<RtxPayload> parse_rtx_payload(Bytes payload);

}  // namespace petrel::inline v0::rtp
