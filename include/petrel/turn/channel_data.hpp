#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/turn/errc.hpp"

namespace petrel::inline v0::turn {

constexpr std::uint16_t min_channel = 0x4000;  // RFC 8656 12
constexpr std::uint16_t max_channel = 0x4fff;
/// What RFC 5766 11 had instead. Clients of that time draw from there, and servers take them; at a
/// client the numbers above max_channel would be confused with other protocols (RFC 7983).
constexpr std::uint16_t max_old_channel = 0x7fff;
constexpr std::size_t channel_data_header_size = 4;

/// Is this the first byte of a ChannelData message, by RFC 7983 7 (64 to 79)? Or, of a server that
/// takes them, of one with an old number?
constexpr bool begins_channel_data(std::byte first, std::uint16_t last_channel = max_channel) {
  return first >= std::byte{0x40} && std::to_integer<std::uint16_t>(first) <= last_channel >> 8;
}

/// A ChannelData message, RFC 8656 12.4, read where it lies: `payload` lives as long as the bytes.
struct ChannelDataView {
  std::uint16_t channel = 0;
  Bytes payload;

  /// One datagram, or one message that StreamDeframer cut out. Up to three bytes of padding may
  /// follow (12.5). Errc::truncated, bad_channel or bad_length.
  PETREL_API static Result<ChannelDataView> parse(Bytes message, std::uint16_t last_channel = max_channel);
};

/// Puts the header in front of the payload, in place: it takes 4 bytes of headroom. With `pad` also
/// up to 3 zero bytes behind it, as streams want (RFC 8656 12.5); the tailroom has them unless
/// somebody else took it.
PETREL_API void prepend_channel_data(PacketBuffer& packet, std::uint16_t channel, bool pad);

}  // namespace petrel::inline v0::turn
