#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/wire/extensions.hpp"
#include "petrel/rtp/wire/sequence.hpp"

namespace petrel::inline v0::rtp {

/// Without CSRCs, extensions and padding: IPv4 and UDP add 28 bytes to this.
constexpr std::size_t fixed_header_size = 12;  // RFC 3550 5.1

/// The fields of every RTP packet, RFC 3550 5.1.
struct PacketHeader {
  bool marker = false;
  PayloadType payload_type{};
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  Ssrc ssrc{};

  friend bool operator==(const PacketHeader&, const PacketHeader&) = default;
};

/// An RTP packet, read in place, RFC 3550 5.1. Borrows the packet.
///
/// Only the structure is checked: that version is 2, and that CSRCs, extension block
/// and padding lie within the packet. Extension elements are checked as they are read.
class PETREL_API PacketView {
 public:
  static Result<PacketView> parse(Bytes packet);

  const PacketHeader& header() const { return header_; }
  std::size_t csrc_count() const { return csrcs_.size() / 4; }
  /// `index` below csrc_count().
  Ssrc csrc(std::size_t index) const;
  const ExtensionsView& extensions() const { return extensions_; }
  /// Without padding. Empty for a packet of padding alone.
  Bytes payload() const { return payload_; }
  std::size_t padding_size() const { return padding_size_; }
  /// Where the payload begins: fixed header, CSRCs and extensions.
  std::size_t header_size() const { return header_size_; }

 private:
  PacketView() = default;

  PacketHeader header_;
  Bytes csrcs_;
  ExtensionsView extensions_;
  Bytes payload_;
  std::size_t padding_size_ = 0;
  std::size_t header_size_ = 0;
};

/// The largest payload that fits into a packet of `max_packet_size` bytes beside the header; 0 if none does.
constexpr std::size_t max_payload_size(std::size_t max_packet_size, const ExtensionBlock& extensions) {
  const std::size_t header_size = fixed_header_size + extensions.wire_size();
  return max_packet_size > header_size ? max_packet_size - header_size : 0;
}

/// A packet whose header is written and whose last `payload_size` bytes are the caller's to fill.
///
/// For payloads that are gathered from several places: `buffer.writable().last(payload_size)`.
/// Errc::no_room above PacketBuffer::capacity, Errc::invalid_argument of base for a payload type above 127.
PETREL_API Result<PacketBuffer> begin_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                             std::size_t payload_size);

/// A whole packet; the payload is copied. Errors as begin_packet().
PETREL_API Result<PacketBuffer> write_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                             Bytes payload);

/// A packet of nothing but `padding_size` bytes of padding (1 to 255), for probing.
PETREL_API Result<PacketBuffer> write_padding_packet(const PacketHeader& header,
                                                     const ExtensionBlock& extensions,
                                                     std::uint8_t padding_size);

/// RFC 5761 4: RTCP by its second byte, once a datagram is known to be RTP or RTCP (RFC 7983 7).
/// False for anything shorter than two bytes.
PETREL_API bool is_rtcp(Bytes datagram);

}  // namespace petrel::inline v0::rtp
