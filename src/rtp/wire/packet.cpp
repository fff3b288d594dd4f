#include "petrel/rtp/wire/packet.hpp"

#include <algorithm>

#include "petrel/base/assert.hpp"
#include "petrel/rtp/errc.hpp"

namespace petrel::inline v0::rtp {
namespace {

constexpr std::uint8_t version_bits = 2 << 6;
constexpr std::uint8_t version_mask = 0xc0;
constexpr std::uint8_t padding_bit = 0x20;
constexpr std::uint8_t extension_bit = 0x10;
constexpr std::uint8_t csrc_count_mask = 0x0f;
constexpr std::uint8_t marker_bit = 0x80;
constexpr std::uint8_t payload_type_mask = 0x7f;

Result<PacketBuffer> begin(const PacketHeader& header, const ExtensionBlock& extensions,
                           std::size_t content_size, std::uint8_t flags) {
  if (header.payload_type.value > payload_type_mask) return petrel::Errc::invalid_argument;
  const std::size_t header_size = fixed_header_size + extensions.wire_size();
  if (content_size > PacketBuffer::capacity - header_size) return Errc::no_room;

  PacketBuffer packet;
  packet.resize(header_size + content_size);
  ByteWriter out(packet.writable());
  out.u8(static_cast<std::uint8_t>(version_bits | flags | (extensions.empty() ? 0 : extension_bit)));
  out.u8(static_cast<std::uint8_t>((header.marker ? marker_bit : 0) | header.payload_type.value));
  out.u16(header.sequence);
  out.u32(header.timestamp);
  out.u32(header.ssrc.value);
  const bool written = extensions.write(out);
  PETREL_ASSERT(written);
  return packet;
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                           timestamp                           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                             SSRC                              |
//   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//   |   CSRCs (4 bytes each, CC), extension (if X), payload, padding (if P, its size in the last byte)
Result<PacketView> PacketView::parse(Bytes packet) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8();
  const std::uint8_t second = reader.u8();

  PacketView view;
  view.header_.marker = (second & marker_bit) != 0;
  view.header_.payload_type = {static_cast<std::uint8_t>(second & payload_type_mask)};
  view.header_.sequence = reader.u16();
  view.header_.timestamp = reader.u32();
  view.header_.ssrc = {reader.u32()};
  view.csrcs_ = reader.bytes(std::size_t{4} * (first & csrc_count_mask));
  if ((first & extension_bit) != 0) {
    const std::uint16_t profile = reader.u16();
    const std::size_t words = reader.u16();
    view.extensions_ = ExtensionsView(profile, reader.bytes(4 * words));
  }
  if (!reader.ok()) return Errc::truncated;
  if ((first & version_mask) != version_bits) return Errc::wrong_version;

  view.payload_ = reader.rest();
  view.header_size_ = packet.size() - view.payload_.size();
  if ((first & padding_bit) != 0) {
    if (view.payload_.empty()) return Errc::bad_padding;
    view.padding_size_ =
        std::to_integer<std::size_t>(view.payload_.back());  // It counts itself, RFC 3550 5.1.
    if (view.padding_size_ == 0 || view.padding_size_ > view.payload_.size()) return Errc::bad_padding;
    view.payload_ = view.payload_.first(view.payload_.size() - view.padding_size_);
  }
  return view;
}

Ssrc PacketView::csrc(std::size_t index) const {
  PETREL_ASSERT(index < csrc_count());
  return {ByteReader(csrcs_.subspan(4 * index)).u32()};
}

Result<PacketBuffer> begin_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                  std::size_t payload_size) {
  return begin(header, extensions, payload_size, 0);
}

Result<PacketBuffer> write_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                  Bytes payload) {
  auto packet = begin_packet(header, extensions, payload.size());
  if (packet) std::copy(payload.begin(), payload.end(), packet->writable().last(payload.size()).begin());
  return packet;
}

Result<PacketBuffer> write_padding_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                          std::uint8_t padding_size) {
  if (padding_size == 0) return petrel::Errc::invalid_argument;
  auto packet = begin(header, extensions, padding_size, padding_bit);
  if (!packet) return packet;
  const auto padding = packet->writable().last(padding_size);
  std::ranges::fill(padding, std::byte{0});
  padding.back() = std::byte{padding_size};
  return packet;
}

bool is_rtcp(Bytes datagram) {
  if (datagram.size() < 2) return false;
  // RTCP types 192 to 223 are the payload types 64 to 95 with the marker, which RTP leaves free for this.
  const auto type = std::to_integer<std::uint8_t>(datagram[1]);
  return type >= 192 && type <= 223;
}

}  // namespace petrel::inline v0::rtp
