#include <bit>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_codec.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;

constexpr std::size_t fir_entry_size = 8;            // RFC 5104 4.3.1.1
constexpr std::uint32_t estimate_name = 0x52454d42;  // "REMB"
constexpr std::size_t max_estimate_sources = 255;    // Their count has one byte.
constexpr std::uint32_t estimate_mantissa_bits = 18;

}  // namespace

//   |            PID                |             BLP               |   RFC 4585 6.2.1
// A lost packet, and a bit for each of the 16 after it.
std::optional<Message> read_nack(Bytes body) {
  ByteReader reader(body);
  Nack nack;
  nack.sender = {reader.u32()};
  nack.media = {reader.u32()};
  // RFC 4585 6.2.1: the length is at least 3, so there is at least one entry.
  if (!reader.ok() || reader.remaining() == 0) return std::nullopt;
  while (reader.remaining() > 0) {
    const std::uint16_t first = reader.u16();
    const std::uint16_t following = reader.u16();
    nack.lost.push_back(first);
    for (int bit = 0; bit < 16; ++bit) {
      if ((following >> bit & 1) != 0) nack.lost.push_back(static_cast<std::uint16_t>(first + bit + 1));
    }
    if (nack.lost.size() > max_lost_in_nack) return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return nack;
}

Result<PacketKind> write(ByteWriter& out, const Nack& nack) {
  if (nack.lost.empty() || nack.lost.size() > max_lost_in_nack) return Errc::too_many_elements;
  out.u32(nack.sender.value);
  out.u32(nack.media.value);
  for (auto it = nack.lost.begin(); it != nack.lost.end();) {
    const std::uint16_t first = *it++;
    std::uint16_t following = 0;
    for (; it != nack.lost.end(); ++it) {
      const auto distance = static_cast<std::uint16_t>(*it - first);
      if (distance > 16) break;
      if (distance > 0) following = static_cast<std::uint16_t>(following | (1u << (distance - 1)));
    }
    out.u16(first);
    out.u16(following);
  }
  return PacketKind{type_transport_layer_feedback, format_nack};
}

std::optional<Message> read_picture_loss(Bytes body) {
  ByteReader reader(body);
  const PictureLossIndication indication{{reader.u32()}, {reader.u32()}};
  if (!reader.ok() || reader.remaining() != 0) return std::nullopt;
  return indication;
}

Result<PacketKind> write(ByteWriter& out, const PictureLossIndication& indication) {
  out.u32(indication.sender.value);
  out.u32(indication.media.value);
  return PacketKind{type_payload_specific_feedback, format_picture_loss};
}

std::optional<Message> read_full_intra(Bytes body) {
  ByteReader reader(body);
  FullIntraRequest request;
  request.sender = {reader.u32()};
  reader.skip(4);  // RFC 5104 4.3.1.2: the media source is in the entries.
  const std::size_t count = reader.remaining() / fir_entry_size;
  if (!reader.ok() || count == 0 || reader.remaining() % fir_entry_size != 0) return std::nullopt;
  if (count > max_fir_entries) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const Ssrc media{reader.u32()};
    const std::uint8_t command = reader.u8();
    reader.skip(3);
    request.entries.push_back({media, command});
  }
  return request;
}

Result<PacketKind> write(ByteWriter& out, const FullIntraRequest& request) {
  if (request.entries.empty() || request.entries.size() > max_fir_entries) return Errc::too_many_elements;
  out.u32(request.sender.value);
  out.u32(0);
  for (const FullIntraRequest::Entry& entry : request.entries) {
    out.u32(entry.media.value);
    out.u8(entry.command);
    out.zeros(3);
  }
  return PacketKind{type_payload_specific_feedback, format_full_intra};
}

bool is_receiver_estimate(Bytes body) {
  ByteReader reader(body);
  reader.skip(8);
  return reader.u32() == estimate_name && reader.ok();
}

//   |  'R'      'E'      'M'      'B'   |   draft-alvestrand-rmcat-remb-03 2.2
//   |  Num SSRC | exponent(6) |  mantissa(18)   |
//   |  SSRC …
std::optional<Message> read_receiver_estimate(Bytes body) {
  ByteReader reader(body);
  ReceiverEstimate estimate;
  estimate.sender = {reader.u32()};
  reader.skip(8);
  const std::size_t count = reader.u8();
  const std::uint32_t rate = reader.u24();
  const std::uint64_t mantissa = rate & ((1u << estimate_mantissa_bits) - 1);
  const std::uint32_t exponent = rate >> estimate_mantissa_bits;
  if (!reader.ok() || reader.remaining() < 4 * count) return std::nullopt;
  // 2^64 bit/s and above are no estimate.
  if (mantissa != 0 && exponent > static_cast<std::uint32_t>(std::countl_zero(mantissa))) return std::nullopt;

  estimate.bits_per_second = mantissa == 0 ? 0 : mantissa << exponent;
  for (std::size_t i = 0; i < count; ++i) estimate.media.push_back({reader.u32()});
  return estimate;
}

Result<PacketKind> write(ByteWriter& out, const ReceiverEstimate& estimate) {
  if (estimate.media.size() > max_estimate_sources) return Errc::too_many_elements;
  const auto width = static_cast<std::uint32_t>(std::bit_width(estimate.bits_per_second));
  const std::uint32_t exponent = width > estimate_mantissa_bits ? width - estimate_mantissa_bits : 0;
  out.u32(estimate.sender.value);
  out.u32(0);
  out.u32(estimate_name);
  out.u8(static_cast<std::uint8_t>(estimate.media.size()));
  out.u24((exponent << estimate_mantissa_bits) |
          static_cast<std::uint32_t>(estimate.bits_per_second >> exponent));
  for (const Ssrc media : estimate.media) out.u32(media.value);
  return PacketKind{type_payload_specific_feedback, format_application_layer};
}

}  // namespace petrel::inline v0::rtcp
