#pragma once

#include <cstdint>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0 {

enum class TransportProtocol : std::uint8_t { udp, tcp, tls, dtls };

/// One bound UDP socket or one stream connection, as one core knows it. The core
/// that asks for a flow chooses its id; ids are never used again.
using FlowId = Strong<std::uint32_t, struct FlowIdTag>;

/// The two bits of RFC 3168 5 that routers mark congestion in.
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// A datagram that arrived, or the next bytes of a stream. `payload` is borrowed for
/// the call: a core copies what it keeps.
struct Datagram {
  FlowId flow;
  Endpoint source;
  Endpoint destination;  ///< The local address it arrived on.
  Bytes payload;
  Ecn ecn = Ecn::not_ect;  ///< As it arrived; not_ect where the system does not tell.
};

/// A datagram to send, or the next bytes of a stream. It must leave by `flow`: ICE fails
/// if a packet leaves by another socket than the candidate pair's.
struct Transmit {
  FlowId flow;
  Endpoint destination;
  PacketBuffer payload;
  std::uint8_t dscp = 0;  ///< RFC 2474, 0 to 63; RFC 8837 says which for what. Networks may ignore it.
  Ecn ecn = Ecn::not_ect;
};

}  // namespace petrel::inline v0
