#include "sctp/request_numbers.hpp"

#include <algorithm>

namespace petrel::inline v0::sctp {
namespace {

// RFC 6525 4.
namespace parameter {
constexpr std::uint16_t outgoing_reset = 13;
constexpr std::uint16_t incoming_reset = 14;
constexpr std::uint16_t all_reset = 15;
constexpr std::uint16_t response = 16;
constexpr std::uint16_t add_outgoing = 17;
constexpr std::uint16_t add_incoming = 18;
}  // namespace parameter

constexpr std::uint32_t denied = 2;
constexpr std::size_t parameter_header_size = 4;
constexpr std::size_t number_size = 4;

std::uint32_t number_at(Bytes packet, std::size_t at) { return ByteReader(packet.subspan(at)).u32(); }

void put(std::span<std::byte> packet, std::size_t at, std::uint32_t value) {
  ByteWriter(packet.subspan(at, number_size)).u32(value);
}

// Calls `visit(type, at)` for each parameter of RE-CONFIG chunks, with the place of its number.
template <class Visit>
void for_each_request(Bytes packet, Visit visit) {
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    if (type != chunk_type::re_config) return;
    Bytes rest = chunk.subspan(chunk_header_size);
    while (rest.size() >= parameter_header_size + number_size) {
      ByteReader reader(rest);
      const std::uint16_t kind = reader.u16();
      const std::size_t length = reader.u16();
      if (length < parameter_header_size + number_size || length > rest.size()) return;
      visit(kind, static_cast<std::size_t>(rest.data() - packet.data()) + parameter_header_size);
      rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
    }
  });
}

bool is_request(std::uint16_t kind) {
  return kind == parameter::outgoing_reset || kind == parameter::incoming_reset ||
         kind == parameter::all_reset || kind == parameter::add_outgoing || kind == parameter::add_incoming;
}

}  // namespace

void RequestNumbers::send(std::span<std::byte> packet) {
  for_each_request(packet, [&](std::uint16_t kind, std::size_t at) {
    if (!is_request(kind)) return;
    const std::uint32_t number = number_at(packet, at);
    if (waiting_ && kind == parameter::add_outgoing) asked_ = number;
    put(packet, at, number - skipped_);
  });
}

Bytes RequestNumbers::receive(Bytes packet, std::vector<std::byte>& room) const {
  if (skipped_ == 0 || !has_chunk(packet, chunk_type::re_config)) return packet;
  room.assign(packet.begin(), packet.end());
  for_each_request(packet, [&](std::uint16_t kind, std::size_t at) {
    if (kind == parameter::response) put(room, at, number_at(packet, at) + skipped_);
  });
  return room;
}

std::optional<std::vector<std::byte>> RequestNumbers::deny(Bytes header) {
  if (!waiting_ || !asked_ || header.size() != common_header_size) return std::nullopt;
  constexpr std::uint16_t parameter_size = 12;
  std::vector<std::byte> packet(common_header_size + chunk_header_size + parameter_size);
  ByteWriter writer(packet);
  writer.bytes(header);
  writer.u8(chunk_type::re_config);
  writer.u8(0);
  writer.u16(chunk_header_size + parameter_size);
  writer.u16(parameter::response);
  writer.u16(parameter_size);
  writer.u32(*asked_);
  writer.u32(denied);
  waiting_ = false;
  ++skipped_;
  return packet;
}

}  // namespace petrel::inline v0::sctp
