#include "turn/send_indication.hpp"

#include <algorithm>
#include <array>

#include "petrel/stun/message.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::uint16_t send_indication_type = 0x0016;  // Method 0x006, class 01: RFC 8489 5.
constexpr std::uint8_t family_v4 = 1;                   // RFC 8489 14.1
constexpr std::uint8_t family_v6 = 2;

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

void write_xor_address(ByteWriter& out, const Endpoint& peer, const stun::TransactionId& id) {
  // RFC 8489 14.2: the mask is the cookie, and for IPv6 the transaction id behind it.
  std::array<std::byte, 16> mask;
  ByteWriter mask_out(mask);
  mask_out.u32(stun::magic_cookie);
  mask_out.bytes(id);

  out.u8(0);
  out.u8(peer.address.is_v4() ? family_v4 : family_v6);
  out.u16(static_cast<std::uint16_t>(peer.port ^ (stun::magic_cookie >> 16)));
  for (std::size_t i = 0; i < peer.address.size(); ++i) {
    out.u8(static_cast<std::uint8_t>(peer.address.octets()[i] ^ std::to_integer<std::uint8_t>(mask[i])));
  }
}

}  // namespace

void prepend_send_indication(PacketBuffer& packet, const Endpoint& peer, const stun::TransactionId& id) {
  const std::size_t size = packet.size();
  const std::size_t overhead = send_indication_overhead(peer.address.family());
  packet.grow_front(overhead);
  packet.resize(overhead + padded(size));

  ByteWriter out(packet.writable());
  out.u16(send_indication_type);
  out.u16(static_cast<std::uint16_t>(packet.size() - stun::header_size));
  out.u32(stun::magic_cookie);
  out.bytes(id);
  out.u16(static_cast<std::uint16_t>(stun::AttributeType::xor_peer_address));
  out.u16(static_cast<std::uint16_t>(4 + peer.address.size()));
  write_xor_address(out, peer, id);
  out.u16(static_cast<std::uint16_t>(stun::AttributeType::data));
  out.u16(static_cast<std::uint16_t>(size));
  std::ranges::fill(packet.writable().subspan(overhead + size), std::byte{0});
}

}  // namespace petrel::inline v0::turn
