#include "peer/demux.hpp"

namespace petrel::inline v0::detail {

PacketKind kind_of(Bytes packet) {
  if (packet.empty()) return PacketKind::unknown;
  const auto first = std::to_integer<std::uint8_t>(packet[0]);
  if (first <= 3) return PacketKind::stun;
  if (first >= 20 && first <= 63) return PacketKind::dtls;
  if (first >= 64 && first <= 79) return PacketKind::turn_channel;
  if (first < 128 || first > 191) return PacketKind::unknown;
  if (packet.size() < 2) return PacketKind::unknown;
  const auto second = std::to_integer<std::uint8_t>(packet[1]);
  return second >= 192 && second <= 223 ? PacketKind::rtcp : PacketKind::rtp;
}

}  // namespace petrel::inline v0::detail
