#include "petrel/datachannel/dcep.hpp"

namespace petrel::inline v0::datachannel {
namespace {

constexpr std::uint8_t open_message_type = 0x03;
constexpr std::uint8_t unordered_bit = 0x80;

}  // namespace

Result<OpenMessage> parse_open(Bytes message) {
  ByteReader reader(message);
  const std::uint8_t message_type = reader.u8();
  if (reader.ok() && message_type != open_message_type) return Errc::not_an_open_message;
  const std::uint8_t channel_type = reader.u8();

  OpenMessage open;
  open.priority = reader.u16();
  open.reliability_parameter = reader.u32();
  const std::uint16_t label_size = reader.u16();
  const std::uint16_t protocol_size = reader.u16();
  open.label = as_text(reader.bytes(label_size));
  open.protocol = as_text(reader.bytes(protocol_size));
  if (!reader.ok()) return Errc::truncated;
  if (reader.remaining() != 0) return Errc::trailing_bytes;

  const auto kind = static_cast<std::uint8_t>(channel_type & ~unordered_bit);
  if (kind > static_cast<std::uint8_t>(Reliability::lifetime)) return Errc::unknown_channel_type;
  open.reliability = static_cast<Reliability>(kind);
  open.ordered = (channel_type & unordered_bit) == 0;
  // RFC 8832 5.1: ignored where the channel is reliable.
  if (open.reliability == Reliability::reliable) open.reliability_parameter = 0;
  return open;
}

Result<std::vector<std::byte>> write_open(const OpenMessage& open) {
  if (open.label.size() > OpenMessage::max_name_size) return Errc::name_too_long;
  if (open.protocol.size() > OpenMessage::max_name_size) return Errc::name_too_long;

  const auto kind = static_cast<std::uint8_t>(open.reliability);
  std::vector<std::byte> message(OpenMessage::fixed_size + open.label.size() + open.protocol.size());
  ByteWriter writer(message);
  writer.u8(open_message_type);
  writer.u8(open.ordered ? kind : static_cast<std::uint8_t>(kind | unordered_bit));
  writer.u16(open.priority);
  writer.u32(open.reliability == Reliability::reliable ? 0 : open.reliability_parameter);
  writer.u16(static_cast<std::uint16_t>(open.label.size()));
  writer.u16(static_cast<std::uint16_t>(open.protocol.size()));
  writer.bytes(as_bytes(open.label));
  writer.bytes(as_bytes(open.protocol));
  PETREL_ASSERT(writer.ok());
  return message;
}

}  // namespace petrel::inline v0::datachannel
