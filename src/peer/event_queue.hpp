#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "petrel/base/ring_queue.hpp"
#include "petrel/peer/events.hpp"

namespace petrel::inline v0::detail {

/// A peer's events, in order, and bounded by kind for an application that does not take
/// them: equal wishes and bitrates coalesce, states coalesce once there are very many, what
/// data channels have to say is to be left with them while has_room_for_channels() is false, and
/// of media the oldest gives way. Video that was thrown away takes the frames that hang on
/// it along, up to the next key frame.
class EventQueue {
 public:
  /// Frames or packets that nobody has taken: 4 s of 60 fps video, as long as anyone would want to look back.
  static constexpr std::size_t max_media = 256;
  /// Everything else. Candidates are limited by ICE, states change every few seconds.
  static constexpr std::size_t max_other = 1024;

  /// What data channels have to say: a few events for each of as many as there may be at once.
  static constexpr std::size_t max_of_channels = 4096;

  void push(PeerEvent event);
  /// A frame of video, which the next ones hang on.
  void push_video(FrameArrived frame);
  std::optional<PeerEvent> pop();
  /// The next event of one data channel, out of turn.
  std::optional<PeerEvent> pop_of(ChannelId channel);

  bool has_room_for_channels() const { return of_channels_ < max_of_channels; }
  bool empty() const { return events_.empty(); }
  std::uint64_t dropped() const { return dropped_; }

  /// A transceiver whose picture was cut short, so that a key frame is needed.
  std::optional<TransceiverId> take_broken();

 private:
  void make_room();

  RingQueue<PeerEvent> events_;
  std::size_t media_ = 0;
  std::size_t of_channels_ = 0;
  std::uint64_t dropped_ = 0;
  std::set<TransceiverId> awaiting_key_frame_;
  std::deque<TransceiverId> broken_;
};

}  // namespace petrel::inline v0::detail
