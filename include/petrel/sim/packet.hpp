#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::sim {

/// What a TCP segment says besides its bytes, RFC 9293 3.1. Both numbers count the bytes of
/// a stream from 0 and never wrap; a FIN counts as one byte behind the last, a SYN as none.
struct TcpHeader {
  std::uint64_t sequence = 0;
  std::uint64_t acknowledgment = 0;    ///< The next byte that is wanted. Holds with `ack` only.
  std::size_t max_segment_bytes = 0;   ///< Of a SYN: the longest payload to send back (RFC 9293 3.7.1).
  std::uint64_t window = 1024 * 1024;  ///< With `ack`: how many bytes from there on the sender may send.
  bool syn = false;
  bool ack = false;
  bool fin = false;
  bool rst = false;
};

/// An IP packet on its way.
struct Packet {
  Endpoint source;
  Endpoint destination;
  PacketBuffer payload;
  TransportProtocol protocol = TransportProtocol::udp;  ///< udp or tcp.
  TcpHeader tcp{};                                      ///< Of TCP only.
  std::uint8_t dscp = 0;                                ///< RFC 2474; nobody here looks at it.
  Ecn ecn = Ecn::not_ect;
};

/// The bytes of the IP and transport headers, without options (RFC 791, 8200, 768, 9293).
inline std::size_t header_bytes(IpFamily family, TransportProtocol protocol) {
  const std::size_t ip = family == IpFamily::v4 ? 20 : 40;
  return ip + (protocol == TransportProtocol::tcp ? 20 : 8);
}

/// How long the packet is on the wire, from the IP header on.
inline std::size_t ip_size(const Packet& packet) {
  return packet.payload.size() + header_bytes(packet.destination.address.family(), packet.protocol);
}

/// What a tap decides about a packet, before any link does.
struct Fate {
  bool drop = false;
  unsigned copies = 1;
  Duration delay{0};
};

}  // namespace petrel::inline v0::sim
