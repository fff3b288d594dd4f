#include "petrel/rtp/recovery/rtx.hpp"

#include <algorithm>

#include "petrel/rtp/errc.hpp"

namespace petrel::inline v0::rtp {
namespace {

void copy_payload(const SentPacket& packet, std::span<std::byte> out) {
  if (packet.slice != nullptr) {
    packet.slice->copy_to(out);
  } else if (packet.payload) {
    std::ranges::copy(packet.payload->bytes(), out.begin());
  }
}

}  // namespace

Result<PacketBuffer> write_original(const SentPacket& packet, const ExtensionBlock& extensions) {
  auto written = begin_packet(packet.header, extensions, packet.payload_size());
  if (written) copy_payload(packet, written->writable().last(packet.payload_size()));
  return written;
}

Result<PacketBuffer> write_retransmission(const SentPacket& packet, const RtxHeader& header,
                                          const ExtensionBlock& extensions) {
  PacketHeader changed = packet.header;
  changed.payload_type = header.payload_type;
  changed.sequence = header.sequence;
  changed.ssrc = header.ssrc;
  auto written = begin_packet(changed, extensions, rtx_overhead + packet.payload_size());
  if (!written) return written;

  const auto payload = written->writable().last(rtx_overhead + packet.payload_size());
  ByteWriter(payload).u16(packet.header.sequence);
  copy_payload(packet, payload.subspan(rtx_overhead));
  return written;
}

Result<RtxPayload> parse_rtx_payload(Bytes payload) {
  ByteReader reader(payload);
  const std::uint16_t original_sequence = reader.u16();
  if (!reader.ok()) return Errc::truncated;
  return RtxPayload{original_sequence, reader.rest()};
}

}  // namespace petrel::inline v0::rtp
