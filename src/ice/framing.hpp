#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"

namespace petrel::inline v0::ice {

/// RFC 4571 2: two bytes of length, big-endian, before every packet on a stream.
constexpr std::size_t frame_header_bytes = 2;
/// Longer frames are skipped: no datagram that the layers above take is longer than a PacketBuffer.
constexpr std::size_t max_frame_bytes = PacketBuffer::capacity;

/// The packet with its length before it, to be sent in one piece.
PacketBuffer to_frame(PacketBuffer payload);

/// Cuts a stream of bytes into the packets that RFC 4571 framed.
///
///   while (const auto packet = deframer.next(bytes)) …;
///
/// Any bytes are a stream of frames, so that there is nothing to refuse here. A frame over
/// max_frame_bytes is skipped and counted, and the stream goes on behind it; one without content
/// carries nothing and is passed over. What is held is the beginning of one frame.
class Deframer {
 public:
  /// Takes bytes from the front of `input` until a frame is whole, and returns its content, which
  /// lives as long as the input and until the next call. nullopt: the input is used up.
  std::optional<Bytes> next(Bytes& input);

  /// Bytes that wait for the rest of their frame.
  std::size_t buffered() const { return whole_ ? 0 : unfinished_.size(); }
  /// How many frames were too long since it was asked last.
  std::uint64_t take_oversized() { return std::exchange(oversized_, 0); }

 private:
  std::vector<std::byte> unfinished_;  ///< Its header included.
  bool whole_ = false;                 ///< What is in `unfinished_` was given out.
  std::size_t skipping_ = 0;           ///< What is left of a frame that is too long.
  std::uint64_t oversized_ = 0;
};

}  // namespace petrel::inline v0::ice
