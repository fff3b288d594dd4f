#include <algorithm>
#include <array>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_codec.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;

// Status symbols and chunks, draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1.1 to 3.1.4.
constexpr unsigned not_received = 0;
constexpr unsigned small_delta = 1;
constexpr unsigned large_delta = 2;
constexpr unsigned vector_bit = 0x8000;
constexpr unsigned two_bit_symbols = 0x4000;
constexpr std::size_t longest_run = 0x1fff;
constexpr std::size_t symbols_per_vector = 7;  // Of two bits each.

/// The symbols of one chunk, at most 14 in a vector or one that is repeated.
struct Chunk {
  std::array<unsigned, 14> symbols{};
  std::size_t size = 0;

  unsigned at(std::size_t index) const { return symbols[index % symbols.size()]; }
};

//   |0|symbol(2)|       run length(13)     |
//   |1|0|   14 symbols of one bit          |
//   |1|1|   7 symbols of two bits          |
Chunk expand(unsigned bits) {
  Chunk chunk;
  if ((bits & vector_bit) == 0) {
    chunk.symbols.fill(bits >> 13 & 3);
    chunk.size = bits & longest_run;
  } else if ((bits & two_bit_symbols) == 0) {
    chunk.size = 14;
    for (std::size_t i = 0; i < chunk.size; ++i) chunk.symbols[i] = bits >> (13 - i) & 1;
  } else {
    chunk.size = symbols_per_vector;
    for (std::size_t i = 0; i < chunk.size; ++i) chunk.symbols[i] = bits >> (12 - 2 * i) & 3;
  }
  return chunk;
}

std::optional<std::vector<unsigned>> read_symbols(ByteReader& reader, std::size_t count) {
  std::vector<unsigned> symbols;
  symbols.reserve(count);
  while (symbols.size() < count) {
    const Chunk chunk = expand(reader.u16());
    // A run of no packets would let a chunk say nothing at all.
    if (!reader.ok() || chunk.size == 0) return std::nullopt;
    // The symbols of the last chunk may go on past the last packet.
    const std::size_t used = std::min(chunk.size, count - symbols.size());
    for (std::size_t i = 0; i < used; ++i) symbols.push_back(chunk.at(i));
  }
  return symbols;
}

unsigned symbol_of(std::optional<std::int16_t> delta) {
  if (!delta) return not_received;
  return *delta >= 0 && *delta <= 0xff ? small_delta : large_delta;
}

}  // namespace

//   |      base sequence number     |      packet status count      |
//   |                 reference time                | fb pkt. count |
//   |  chunks of 2 bytes …, then a delta of 1 or 2 bytes per packet that arrived
std::optional<Message> read_transport_feedback(Bytes body) {
  ByteReader reader(body);
  TransportFeedback feedback;
  feedback.sender = {reader.u32()};
  feedback.media = {reader.u32()};
  feedback.base_sequence = reader.u16();
  const std::size_t count = reader.u16();
  const auto time = static_cast<std::int32_t>(reader.u24());
  feedback.reference_time = time >= 0x800000 ? time - 0x1000000 : time;
  feedback.feedback_count = reader.u8();
  if (!reader.ok() || count == 0 || count > max_feedback_packets) return std::nullopt;

  const auto symbols = read_symbols(reader, count);
  if (!symbols) return std::nullopt;
  feedback.packets.reserve(count);
  for (const unsigned symbol : *symbols) {
    switch (symbol) {
      case not_received:
        feedback.packets.push_back(std::nullopt);
        break;
      case small_delta:
        feedback.packets.push_back(static_cast<std::int16_t>(reader.u8()));
        break;
      case large_delta:
        feedback.packets.push_back(static_cast<std::int16_t>(reader.u16()));
        break;
      default:
        return std::nullopt;  // 3 is reserved.
    }
  }
  if (!reader.ok()) return std::nullopt;
  return feedback;
}

Result<PacketKind> write(ByteWriter& out, const TransportFeedback& feedback) {
  const auto& packets = feedback.packets;
  if (packets.empty() || packets.size() > max_feedback_packets) return Errc::too_many_elements;
  out.u32(feedback.sender.value);
  out.u32(feedback.media.value);
  out.u16(feedback.base_sequence);
  out.u16(static_cast<std::uint16_t>(packets.size()));
  out.u24(static_cast<std::uint32_t>(feedback.reference_time) & 0xffffff);
  out.u8(feedback.feedback_count);

  for (std::size_t at = 0; at < packets.size();) {
    const unsigned symbol = symbol_of(packets[at]);
    std::size_t run = 1;
    while (at + run < packets.size() && run < longest_run && symbol_of(packets[at + run]) == symbol) ++run;
    if (run >= symbols_per_vector) {
      out.u16(static_cast<std::uint16_t>(symbol << 13 | run));
      at += run;
      continue;
    }
    unsigned vector = vector_bit | two_bit_symbols;
    for (std::size_t i = 0; i < symbols_per_vector && at < packets.size(); ++i, ++at) {
      vector |= symbol_of(packets[at]) << (12 - 2 * i);
    }
    out.u16(static_cast<std::uint16_t>(vector));
  }
  for (const auto& delta : packets) {
    const unsigned symbol = symbol_of(delta);
    if (symbol == small_delta) out.u8(static_cast<std::uint8_t>(*delta));
    if (symbol == large_delta) out.u16(static_cast<std::uint16_t>(*delta));
  }
  return PacketKind{type_transport_layer_feedback, format_transport_feedback};
}

}  // namespace petrel::inline v0::rtcp
