#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/stream/media_config.hpp"

namespace petrel::inline v0::rtp {

/// A whole frame. Video: every frame it depends on was delivered before it. Its capture time is when it was
/// complete here, its RTP timestamp the sender's.
struct FrameReceived {
  MediaId media;
  Ssrc ssrc;
  std::shared_ptr<const EncodedFrame> frame;
};
/// One packet, as soon as it came; only where MediaConfig::deliver_packets asks for it. A retransmission
/// comes as the packet that was lost.
struct PacketReceived {
  MediaId media;
  Ssrc ssrc;
  PacketBuffer packet;  ///< Plaintext RTP, header included.
};
/// The peer cannot go on without a key frame, or we dropped what it would have needed.
struct KeyFrameRequested {
  MediaId media;
};
struct StreamStarted {
  MediaId media;
  Ssrc ssrc;
};
/// The peer said BYE, or the stream was replaced.
struct StreamEnded {
  MediaId media;
  Ssrc ssrc;
};
/// What the path seems to carry, over all streams sent: REMB, and a minimal estimate from loss reports.
struct TargetBitrate {
  std::uint64_t bits_per_second = 0;
};

using Event = std::variant<std::monostate, FrameReceived, PacketReceived, KeyFrameRequested, StreamStarted,
                           StreamEnded, TargetBitrate>;

/// What a session has to tell, bounded. Requests for key frames and bitrates coalesce; media that nobody
/// fetches is dropped.
class PETREL_API EventQueue {
 public:
  static constexpr std::size_t max_events = 1024;
  static constexpr std::size_t max_media_bytes = std::size_t{4} << 20;

  /// False if there is no room; the queue and `event` are then as they were.
  bool push(Event&& event);
  std::optional<Event> pop();

  /// Drops the media's frames and packets, or only the oldest of them. How many.
  std::size_t drop_media(MediaId media);
  std::size_t drop_oldest_media(MediaId media);

 private:
  RingQueue<Event> events_;
  std::size_t media_bytes_ = 0;
};

}  // namespace petrel::inline v0::rtp
