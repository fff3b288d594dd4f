#include "sctp/zero_checksum.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "sctp/chunks.hpp"
#include "sctp/crc32c.hpp"

namespace petrel::inline v0::sctp {
namespace {

constexpr std::uint16_t zero_checksum_acceptable = 0x8001;
constexpr std::uint32_t sctp_over_dtls = 1;
constexpr std::size_t parameter_header_size = 4;
constexpr std::size_t length_offset = 2;
// Of INIT and INIT ACK, up to the initial TSN.
constexpr std::size_t fixed_size = 20;
// The length has 16 bits (RFC 9260 3.2).
constexpr std::size_t max_chunk_size = 0xffff;

constexpr std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

bool introduces(Bytes chunk) {
  if (chunk.empty()) return false;
  const auto type = std::to_integer<std::uint8_t>(chunk.front());
  return type == chunk_type::init || type == chunk_type::init_ack;
}

struct Parameters {
  std::size_t chunk_length = 0;  ///< Without the padding behind it.
  /// Of the parameter, if it is there: the method, or 0, which names none (RFC 9653 8), if it has another
  /// size.
  std::optional<std::uint32_t> method{};
};

// Nothing if it is no INIT or INIT ACK, or not whole.
std::optional<Parameters> parse(Bytes chunk) {
  if (!introduces(chunk)) return std::nullopt;
  ByteReader header(chunk);
  header.skip(length_offset);
  Parameters found{.chunk_length = header.u16()};
  if (!header.ok() || found.chunk_length < fixed_size || found.chunk_length > chunk.size() ||
      chunk.size() > padded(found.chunk_length)) {
    return std::nullopt;
  }
  Bytes rest = chunk.first(found.chunk_length).subspan(fixed_size);
  while (!rest.empty()) {
    ByteReader reader(rest);
    const std::uint16_t type = reader.u16();
    const std::size_t length = reader.u16();
    if (!reader.ok() || length < parameter_header_size || length > rest.size()) return std::nullopt;
    if (type == zero_checksum_acceptable && !found.method) {
      found.method = length == zero_checksum_parameter_size ? reader.u32() : 0;
    }
    rest = rest.subspan(std::min(rest.size(), padded(length)));
  }
  return found;
}

void write_parameter(std::span<std::byte> chunk, std::size_t chunk_length) {
  ByteWriter length(chunk.subspan(length_offset, 2));
  length.u16(static_cast<std::uint16_t>(padded(chunk_length) + zero_checksum_parameter_size));
  std::ranges::fill(chunk.subspan(chunk_length, padded(chunk_length) - chunk_length), std::byte{0});
  ByteWriter parameter(chunk.subspan(padded(chunk_length), zero_checksum_parameter_size));
  parameter.u16(zero_checksum_acceptable);
  parameter.u16(zero_checksum_parameter_size);
  parameter.u32(sctp_over_dtls);
}

// How long the chunk is with the parameter; nothing if it cannot or need not be added.
std::optional<std::size_t> size_with_parameter(const Parameters& found) {
  const std::size_t size = padded(found.chunk_length) + zero_checksum_parameter_size;
  return found.method || size > max_chunk_size ? std::nullopt : std::optional(size);
}

}  // namespace

bool accepts_zero_checksum(Bytes chunk) {
  const auto found = parse(chunk);
  return found && found->method == sctp_over_dtls;
}

bool add_zero_checksum_parameter(std::vector<std::byte>& chunk) {
  const auto found = parse(chunk);
  if (!found) return false;
  const auto size = size_with_parameter(*found);
  if (!size) return found->method == sctp_over_dtls;
  chunk.resize(*size);
  write_parameter(chunk, found->chunk_length);
  return true;
}

void ZeroChecksum::offer_in(PacketBuffer& packet, std::size_t mtu_bytes) {
  if (!on_ || packet.size() <= common_header_size) return;
  // INIT and INIT ACK come alone (RFC 9260 6.10), so that the chunk ends with the packet.
  const auto found = parse(packet.bytes().subspan(common_header_size));
  if (!found) return;
  const auto size = size_with_parameter(*found);
  if (!size) {
    offered_ |= found->method == sctp_over_dtls;
  } else if (common_header_size + *size <= std::min(mtu_bytes, packet.max_size())) {
    packet.resize(common_header_size + *size);
    write_parameter(packet.writable().subspan(common_header_size), found->chunk_length);
    offered_ = true;
  }
}

void ZeroChecksum::offer_in(std::vector<std::byte>& init) {
  if (on_) offered_ |= add_zero_checksum_parameter(init);
}

void ZeroChecksum::look_at_packet(Bytes packet) {
  if (packet.size() > common_header_size) look_at_chunk(packet.subspan(common_header_size));
}

bool ZeroChecksum::excuses(Bytes packet) const {
  constexpr std::array<std::byte, 4> zero{};
  return offered_ && packet.size() >= common_header_size &&
         equal(packet.subspan(checksum_offset, zero.size()), zero);
}

bool ZeroChecksum::may_omit(Bytes packet) const {
  if (!peer_accepts_) return false;
  bool may = true;
  const bool whole = for_each_chunk(packet, [&may](std::uint8_t type, Bytes) {
    switch (type) {
      // RFC 9653 5.2.
      case chunk_type::init:
      case chunk_type::cookie_echo:
      case chunk_type::asconf:
      // These may answer a packet out of the blue, which 5.2 wants signed, or one that begins an association.
      // They are few.
      case chunk_type::init_ack:
      case chunk_type::abort:
      case chunk_type::error:
      case chunk_type::shutdown_complete:
        may = false;
        break;
      default:
        break;
    }
  });
  return whole && may;
}

}  // namespace petrel::inline v0::sctp
