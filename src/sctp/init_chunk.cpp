#include "sctp/init_chunk.hpp"

#include <algorithm>

#include "sctp/chunks.hpp"
#include "sctp/crc32c.hpp"

namespace petrel::inline v0::sctp {
namespace {

// RFC 9260 3.3.3.
constexpr std::uint16_t state_cookie = 7;
constexpr std::size_t tag_offset = 4;
constexpr std::size_t fixed_size = 20;  // Up to the initial TSN, the chunk's header included.
constexpr std::uint32_t least_window = 1500;

constexpr std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

bool parameters_are_whole(Bytes rest) {
  constexpr std::size_t header_size = 4;
  while (!rest.empty()) {
    ByteReader reader(rest);
    reader.skip(2);
    const std::size_t length = reader.u16();
    if (!reader.ok() || length < header_size || length > rest.size()) return false;
    rest = rest.subspan(std::min(rest.size(), padded(length)));
  }
  return true;
}

class Packet {
 public:
  Packet(HandshakePorts ports, Bytes our_init) {
    u16(ports.remote);
    u16(ports.local);
    append(our_init.subspan(tag_offset, 4));  // RFC 9260 8.5: what we asked to be called by.
    u16(0), u16(0);
  }
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void append(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void pad() { bytes_.resize(padded(bytes_.size())); }
  std::vector<std::byte> finished() && {
    write_checksum(bytes_);
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

bool is_init_chunk(Bytes chunk) {
  if (chunk.size() > max_init_bytes) return false;
  ByteReader reader(chunk);
  const bool is_init = reader.u8() == chunk_type::init;
  reader.skip(1);  // Flags, of which none has a meaning.
  const std::size_t length = reader.u16();
  const std::uint32_t tag = reader.u32();
  const std::uint32_t window = reader.u32();
  const std::uint16_t outgoing = reader.u16();
  const std::uint16_t incoming = reader.u16();
  reader.skip(4);  // The initial TSN, which may be any.
  // The padding of the last parameter may be there or not, and is not counted (RFC 9260 3.2).
  if (!reader.ok() || !is_init || length < fixed_size || length > chunk.size() ||
      chunk.size() > padded(length)) {
    return false;
  }
  return tag != 0 && window >= least_window && outgoing != 0 && incoming != 0 &&
         parameters_are_whole(chunk.first(length).subspan(fixed_size));
}

std::vector<std::byte> init_chunk_of(Bytes packet) {
  if (packet.size() <= common_header_size) return {};
  const Bytes chunk = packet.subspan(common_header_size);
  return is_init_chunk(chunk) ? std::vector(chunk.begin(), chunk.end()) : std::vector<std::byte>();
}

std::vector<std::byte> init_ack_packet(HandshakePorts ports, Bytes our_init, Bytes peer_init) {
  constexpr std::uint16_t cookie_size = 8;
  ByteReader reader(peer_init);
  reader.skip(2);
  const std::size_t length = reader.u16();
  Packet packet(ports, our_init);
  packet.u8(chunk_type::init_ack);
  packet.u8(0);
  packet.u16(static_cast<std::uint16_t>(padded(length) + cookie_size));
  packet.append(peer_init.first(length).subspan(tag_offset));
  packet.pad();
  packet.u16(state_cookie);
  packet.u16(cookie_size);
  packet.u16(0), packet.u16(0);
  return std::move(packet).finished();
}

std::vector<std::byte> cookie_ack_packet(HandshakePorts ports, Bytes our_init) {
  Packet packet(ports, our_init);
  packet.u8(chunk_type::cookie_ack);
  packet.u8(0);
  packet.u16(4);
  return std::move(packet).finished();
}

}  // namespace petrel::inline v0::sctp
