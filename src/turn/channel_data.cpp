#include "petrel/turn/channel_data.hpp"

#include <algorithm>

namespace petrel::inline v0::turn {
namespace {

constexpr std::size_t max_padding = 3;

}  // namespace

//   0                   1                   2                   3
//  |         Channel Number        |            Length             |
//  |                       Application Data                        |   RFC 8656 12.4
Result<ChannelDataView> ChannelDataView::parse(Bytes message, std::uint16_t last_channel) {
  ByteReader reader(message);
  const std::uint16_t channel = reader.u16();
  const std::uint16_t length = reader.u16();
  const Bytes payload = reader.bytes(length);

  if (!reader.ok()) return Errc::truncated;
  if (channel < min_channel || channel > last_channel) return Errc::bad_channel;
  if (reader.remaining() > max_padding) return Errc::bad_length;
  return ChannelDataView{channel, payload};
}

void prepend_channel_data(PacketBuffer& packet, std::uint16_t channel, bool pad) {
  PETREL_ASSERT(channel >= min_channel && channel <= max_old_channel);
  const std::size_t size = packet.size();
  packet.grow_front(channel_data_header_size);
  if (pad) packet.resize(channel_data_header_size + (size + 3) / 4 * 4);

  ByteWriter header(packet.writable());
  header.u16(channel);
  header.u16(static_cast<std::uint16_t>(size));  // A packet is far shorter than 65,536 bytes.
  std::ranges::fill(packet.writable().subspan(channel_data_header_size + size), std::byte{0});
}

}  // namespace petrel::inline v0::turn
