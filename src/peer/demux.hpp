#pragma once

#include <cstdint>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::detail {

/// What shares the port of a WebRTC transport, RFC 7983 7.
enum class PacketKind : std::uint8_t { stun, dtls, turn_channel, rtp, rtcp, unknown };

/// Told by the first byte, and RTCP by the second (RFC 5761 4). Empty packets are unknown.
PacketKind kind_of(Bytes packet);

}  // namespace petrel::inline v0::detail
