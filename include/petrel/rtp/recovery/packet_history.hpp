#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {

/// A packet of ours that may be sent again. Its payload is a slice of a shared frame, or its own.
struct SentPacket {
  PacketHeader header;
  std::shared_ptr<const EncodedFrame> frame;  ///< Keeps `slice` alive.
  const PayloadSlice* slice = nullptr;
  std::optional<PacketBuffer> payload;     ///< Of a packet that came in as a packet.
  std::optional<PacketBuffer> ciphertext;  ///< What left, where that is what is sent again.
  TimePoint queued{};
  std::optional<TimePoint> last_sent;
  bool retransmitted = false;

  std::size_t payload_size() const {
    return slice != nullptr ? slice->size() : payload ? payload->size() : 0;
  }
};

/// What one stream has sent of late, by sequence number: RFC 4588 6 and RFC 8834 6.1.
///
/// Frames are shared with it, not copied; only packets that came in as packets, and ciphertext, have
/// bytes of their own here. Numbers are consecutive.
class PETREL_API PacketHistory {
 public:
  // Two seconds of 10 Mbit/s. A 4K key frame is up to a thousand packets, and all must wait here for the
  // pacer.
  static constexpr std::size_t max_packets = 2048;
  // Nobody waits longer for a picture; retransmissions later than this meet a closed door.
  static constexpr Duration max_age = std::chrono::seconds(2);
  // Packets with bytes of their own, counted as the blocks they occupy.
  static constexpr std::size_t max_owned_blocks = 1024;

  /// `packet` has the number after the one before, else the history starts over with it.
  void add(TimePoint now, SentPacket packet);
  /// nullptr if it has left the history, or never was in it.
  SentPacket* find(std::uint16_t sequence);
  /// Ciphertext of a packet that is still here; what it was made of is let go.
  void keep_ciphertext(std::uint16_t sequence, PacketBuffer ciphertext);
  void clear();

  std::size_t size() const { return packets_.size(); }

 private:
  void drop_oldest();

  RingQueue<SentPacket> packets_;
  std::size_t owned_blocks_ = 0;
};

/// How much may be sent again: as much as was sent for the first time, with some in advance.
///
/// Without a bound a peer that asks for everything, each round trip, would have us send many
/// times what the encoder makes, and not to itself if the path is forged.
class PETREL_API RetransmissionBudget {
 public:
  static constexpr std::size_t in_advance_bytes = std::size_t{64} << 10;  // A burst right at the start.
  static constexpr std::size_t most_bytes = std::size_t{512} << 10;       // A large key frame, whole.

  void packet_sent(std::size_t size) { bytes_ = bytes_ + size < most_bytes ? bytes_ + size : most_bytes; }
  /// False, and nothing is taken, if the budget is used up.
  bool take(std::size_t size) {
    if (size > bytes_) return false;
    bytes_ -= size;
    return true;
  }

 private:
  std::size_t bytes_ = in_advance_bytes;
};

}  // namespace petrel::inline v0::rtp
