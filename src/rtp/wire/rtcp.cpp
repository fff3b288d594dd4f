#include "petrel/rtp/wire/rtcp.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_codec.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;

constexpr std::size_t header_size = 4;
constexpr std::uint8_t version_bits = 2 << 6;
constexpr std::uint8_t version_mask = 0xc0;
constexpr std::uint8_t padding_bit = 0x20;
constexpr std::uint8_t count_mask = 0x1f;

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P|  count  |      PT       |   length in words, less one   |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
struct Packet {
  std::uint8_t first = 0;
  std::uint8_t type = 0;
  Bytes body;  ///< Padding included.
  Bytes rest;  ///< What follows the packet.

  std::uint8_t count() const { return first & count_mask; }
  bool padded() const { return (first & padding_bit) != 0; }
};

/// The first packet of `datagram`; its body runs over the end if the reader is not ok().
Packet split(ByteReader& reader) {
  Packet packet;
  packet.first = reader.u8();
  packet.type = reader.u8();
  const std::size_t words = reader.u16();
  packet.body = reader.bytes(4 * words);
  packet.rest = reader.rest();
  return packet;
}

Result<void> check(const Packet& packet) {
  if ((packet.first & version_mask) != version_bits) return Errc::wrong_version;
  if (!packet.padded()) return {};
  // RFC 3550 6.4.1: only the last packet of a compound is padded, by a multiple of four that counts itself.
  if (!packet.rest.empty() || packet.body.empty()) return Errc::bad_padding;
  const auto padding = std::to_integer<std::size_t>(packet.body.back());
  if (padding == 0 || padding % 4 != 0 || padding > packet.body.size()) return Errc::bad_padding;
  return {};
}

Bytes without_padding(const Packet& packet) {
  if (!packet.padded()) return packet.body;
  return packet.body.first(packet.body.size() - std::to_integer<std::size_t>(packet.body.back()));
}

enum class Known : bool { no, yes };

/// Whether we know the packet's type, and what it says.
std::pair<Known, std::optional<Message>> read(const Packet& packet) {
  const Bytes body = without_padding(packet);
  const std::uint8_t count = packet.count();
  switch (packet.type) {
    case type_sender_report:
      return {Known::yes, read_sender_report(count, body)};
    case type_receiver_report:
      return {Known::yes, read_receiver_report(count, body)};
    case type_source_description:
      return {Known::yes, read_source_description(count, body)};
    case type_bye:
      return {Known::yes, read_bye(count, body)};
    case type_extended_report:
      return {Known::yes, read_extended_report(body)};
    case type_transport_layer_feedback:
      if (count == format_nack) return {Known::yes, read_nack(body)};
      if (count == format_transport_feedback) return {Known::yes, read_transport_feedback(body)};
      break;
    case type_payload_specific_feedback:
      if (count == format_picture_loss) return {Known::yes, read_picture_loss(body)};
      if (count == format_full_intra) return {Known::yes, read_full_intra(body)};
      if (count == format_application_layer && is_receiver_estimate(body)) {
        return {Known::yes, read_receiver_estimate(body)};
      }
      break;
    default:
      break;
  }
  return {Known::no, std::nullopt};
}

}  // namespace

Result<Reader> Reader::parse(Bytes datagram) {
  if (datagram.size() < header_size) return Errc::truncated;
  for (Bytes rest = datagram; !rest.empty();) {
    ByteReader reader(rest);
    const Packet packet = split(reader);
    if (!reader.ok()) return Errc::bad_length;
    if (auto checked = check(packet); !checked) return checked.error();
    rest = packet.rest;
  }
  return Reader(datagram);
}

std::optional<Message> Reader::next() {
  while (!rest_.empty()) {
    ByteReader reader(rest_);
    const Packet packet = split(reader);
    rest_ = packet.rest;

    auto [known, message] = read(packet);
    if (message) return std::move(message);
    ++(known == Known::yes ? malformed_ : unknown_);
  }
  return std::nullopt;
}

Writer::Writer(std::size_t max_size) : max_size_(std::min(max_size, PacketBuffer::capacity)) {
  packet_.resize(max_size_);
}

Result<void> Writer::add(const Message& message) {
  ByteWriter out(packet_.writable().subspan(size_));
  out.zeros(header_size);
  const auto kind = std::visit([&](const auto& content) { return write(out, content); }, message);
  if (!kind) return kind.error();
  out.zeros((4 - out.size() % 4) % 4);
  if (!out.ok()) return Errc::no_room;

  ByteWriter header(packet_.writable().subspan(size_, header_size));
  header.u8(static_cast<std::uint8_t>(version_bits | kind->count));
  header.u8(kind->type);
  header.u16(static_cast<std::uint16_t>(out.size() / 4 - 1));
  size_ += out.size();
  return {};
}

PacketBuffer Writer::finish() {
  PacketBuffer finished = std::exchange(packet_, PacketBuffer());
  finished.resize(std::exchange(size_, 0));
  packet_.resize(max_size_);
  return finished;
}

}  // namespace petrel::inline v0::rtcp
