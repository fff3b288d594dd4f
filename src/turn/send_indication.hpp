#pragma once

#include "petrel/base/packet_buffer.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::turn {

/// What a Send indication puts around its payload, without padding: the header, XOR-PEER-ADDRESS
/// and the header of DATA.
constexpr std::size_t send_indication_overhead(IpFamily peer) {
  return 20 + 4 + 4 + (peer == IpFamily::v4 ? 4 : 16) + 4;
}

/// Makes a Send indication (RFC 8656 11.1) of the payload, in place: DATA is the last attribute, so
/// that everything else goes into the headroom, and up to 3 bytes of padding into the tailroom.
/// The packet must have both.
void prepend_send_indication(PacketBuffer& packet, const Endpoint& peer, const stun::TransactionId& id);

}  // namespace petrel::inline v0::turn
