#include "petrel/rtp/payload/vp8.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "petrel/rtp/errc.hpp"

namespace petrel::inline v0::rtp::vp8 {
namespace {

// RFC 7741 4.2, first byte, …
constexpr unsigned extended_bit = 0x80;
constexpr unsigned non_reference_bit = 0x20;
constexpr unsigned start_bit = 0x10;
constexpr unsigned partition_bits = 0x07;
// … extension byte, …
constexpr unsigned has_picture_id = 0x80;
constexpr unsigned has_tl0_picture_index = 0x40;
constexpr unsigned has_temporal_layer = 0x20;
constexpr unsigned has_key_index = 0x10;
// … and what they announce.
constexpr unsigned long_picture_id_bit = 0x80;
constexpr unsigned layer_sync_bit = 0x20;
constexpr unsigned key_index_bits = 0x1f;

constexpr std::array key_frame_start_code{std::byte{0x9d}, std::byte{0x01}, std::byte{0x2a}};  // RFC 6386 9.1

Descriptor read_descriptor(ByteReader& reader) {
  Descriptor descriptor;
  const unsigned first = reader.u8();
  descriptor.non_reference = (first & non_reference_bit) != 0;
  descriptor.start_of_partition = (first & start_bit) != 0;
  descriptor.partition = static_cast<std::uint8_t>(first & partition_bits);
  const unsigned present = (first & extended_bit) != 0 ? reader.u8() : 0;
  if ((present & has_picture_id) != 0) {
    unsigned id = reader.u8();
    descriptor.long_picture_id = (id & long_picture_id_bit) != 0;
    if (descriptor.long_picture_id) id = (id & 0x7f) << 8 | reader.u8();
    descriptor.picture_id = static_cast<std::uint16_t>(id);
  }
  if ((present & has_tl0_picture_index) != 0) descriptor.tl0_picture_index = reader.u8();
  if ((present & (has_temporal_layer | has_key_index)) != 0) {
    const unsigned layer = reader.u8();
    if ((present & has_temporal_layer) != 0) {
      descriptor.temporal_layer = static_cast<std::uint8_t>(layer >> 6);
      descriptor.layer_sync = (layer & layer_sync_bit) != 0;
    }
    if ((present & has_key_index) != 0)
      descriptor.key_index = static_cast<std::uint8_t>(layer & key_index_bits);
  }
  return descriptor;
}

}  // namespace

//         0 1 2 3 4 5 6 7
//        +-+-+-+-+-+-+-+-+
//        |X|R|N|S|R| PID |
//   X:   |I|L|T|K|  RSV  |
//   I:   |M| PictureID   |   and 8 bits more of it if M
//   L:   |   TL0PICIDX   |
//   T/K: |TID|Y| KEYIDX  |
Result<Payload> parse_payload(Bytes payload) {
  ByteReader reader(payload);
  Payload parsed;
  parsed.descriptor = read_descriptor(reader);
  parsed.body = reader.rest();
  if (!reader.ok()) return Errc::truncated;
  if (parsed.body.empty()) return Errc::empty_payload;
  return parsed;
}

bool Descriptor::write(ByteWriter& out) const {
  const unsigned present = (picture_id ? has_picture_id : 0) |
                           (tl0_picture_index ? has_tl0_picture_index : 0) |
                           (temporal_layer ? has_temporal_layer : 0) | (key_index ? has_key_index : 0);
  out.u8(static_cast<std::uint8_t>((present != 0 ? extended_bit : 0) |
                                   (non_reference ? non_reference_bit : 0) |
                                   (start_of_partition ? start_bit : 0) | (partition & partition_bits)));
  if (present == 0) return out.ok();
  out.u8(static_cast<std::uint8_t>(present));
  if (picture_id && long_picture_id)
    out.u16(static_cast<std::uint16_t>(long_picture_id_bit << 8 | *picture_id));
  if (picture_id && !long_picture_id) out.u8(static_cast<std::uint8_t>(*picture_id & 0x7f));
  if (tl0_picture_index) out.u8(*tl0_picture_index);
  if (temporal_layer || key_index) {
    const unsigned layer = temporal_layer.value_or(0) & 3u;
    const unsigned sync = temporal_layer && layer_sync ? layer_sync_bit : 0;
    out.u8(static_cast<std::uint8_t>(layer << 6 | sync | (key_index.value_or(0) & key_index_bits)));
  }
  return out.ok();
}

Result<FrameHeader> parse_frame_header(Bytes frame) {
  ByteReader reader(frame);
  const std::uint32_t first = reader.u8();
  const std::uint32_t second = reader.u8();
  const std::uint32_t tag =
      first | second << 8 | std::uint32_t{reader.u8()} << 16;  // Little-endian, RFC 6386 9.1.
  FrameHeader header;
  header.key_frame = (tag & 1) == 0;
  header.version = static_cast<std::uint8_t>(tag >> 1 & 7);
  header.shown = (tag >> 4 & 1) != 0;
  header.first_partition_size = tag >> 5;
  if (header.key_frame) {
    const Bytes code = reader.bytes(key_frame_start_code.size());
    const auto size = [&reader] {
      const unsigned low = reader.u8();
      return static_cast<std::uint16_t>((low | unsigned{reader.u8()} << 8) &
                                        0x3fff);  // Two bits of scaling above it.
    };
    header.width = size();
    header.height = size();
    if (!reader.ok()) return Errc::truncated;
    if (!equal(code, key_frame_start_code)) return Errc::malformed_bitstream;
  }
  if (!reader.ok()) return Errc::truncated;
  return header;
}

Result<std::vector<PayloadSlice>> packetize(Bytes frame, std::size_t max_payload) {
  if (frame.empty()) return Errc::empty_frame;
  if (frame.size() > max_frame_size) return Errc::frame_too_large;
  if (max_payload < 2) return petrel::Errc::invalid_argument;

  // One byte of descriptor. Deviates from RFC 7741 4.2: all packets say partition 0, though later ones
  // may be in others, since nobody can use partitions apart.
  std::vector<PayloadSlice> slices;
  const std::size_t largest = max_payload - 1;
  std::size_t left = (frame.size() + largest - 1) / largest;
  slices.reserve(left);
  for (std::byte descriptor{start_bit}; left > 0; --left) {
    const Bytes piece = frame.first((frame.size() + left - 1) / left);
    frame = frame.subspan(piece.size());
    slices.emplace_back().add({&descriptor, 1}, piece);
    descriptor = std::byte{0};
  }
  slices.back().set_marker(true);
  return slices;
}

Result<void> Depacketizer::append(Bytes payload) {
  const auto parsed = parse_payload(payload);
  if (!parsed) return parsed.error();
  // The first packet, and only it, starts the frame.
  if (parsed->descriptor.starts_frame() != frame_.bytes.empty()) return Errc::missing_fragment;
  if (frame_.bytes.size() + parsed->body.size() > max_frame_size) return Errc::frame_too_large;

  if (frame_.bytes.empty()) {
    const auto header = parse_frame_header(parsed->body);
    if (!header) return header.error();
    frame_.key_frame = header->key_frame;
  }
  frame_.bytes.insert(frame_.bytes.end(), parsed->body.begin(), parsed->body.end());
  return {};
}

Result<CodedFrame> Depacketizer::take() {
  CodedFrame frame = frame_.take();
  if (frame.bytes.empty()) return Errc::empty_frame;
  return frame;
}

}  // namespace petrel::inline v0::rtp::vp8
