#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// What both sides say of themselves at first, RFC 9260 3.3.2, outside of a packet: SNAP
/// (draft-hancke-tsvwg-snap) carries it in the descriptions, and no handshake is needed on the wire.
///
/// usrsctp knows nothing of that. It is told the rest of the handshake that it began, by packets that
/// are made here in place of the peer's.

/// More than any WebRTC stack says; str0m stops here as well.
inline constexpr std::size_t max_init_bytes = 2048;

/// Whether an association can begin with it: one INIT chunk, whole, with a tag, streams both ways, a
/// window that is allowed (RFC 9260 3.3.2), and parameters that are whole.
bool is_init_chunk(Bytes chunk);

/// The INIT chunk of a packet that usrsctp made.
std::vector<std::byte> init_chunk_of(Bytes packet);

struct HandshakePorts {
  std::uint16_t local = 0;
  std::uint16_t remote = 0;
};

/// The peer's answer to our INIT as if it had come by packet: what it says of itself, and a cookie that
/// nobody reads. Both chunks have passed is_init_chunk().
std::vector<std::byte> init_ack_packet(HandshakePorts ports, Bytes our_init, Bytes peer_init);
/// And its answer to our COOKIE ECHO.
std::vector<std::byte> cookie_ack_packet(HandshakePorts ports, Bytes our_init);

}  // namespace petrel::inline v0::sctp
