#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/rtp/jitter/jitter_buffer.hpp"

namespace petrel::inline v0::rtp {

/// Delivers whole frames in order, as soon as they are whole.
///
/// A missing packet is waited for, for as long as set_patience() says. Then audio goes on behind the gap, and
/// video goes on with the next key frame, so that every frame that comes out can be decoded. A stream begins
/// with a key frame, too.
class PETREL_API FrameAssembler final : public JitterBuffer {
 public:
  // About 600 kB of video; at 10 Mbit/s it is half a second, and nobody waits longer for a packet.
  static constexpr std::size_t window = 512;
  // Frames that were completed by one packet. More means that a gap was closed behind which a second waited.
  static constexpr std::size_t max_ready_frames = 512;

  /// `needs_key_frames`: frames depend on each other, as in video.
  FrameAssembler(bool needs_key_frames, Duration patience);

  void handle_packet(TimePoint now, const MediaPacket& packet) override;
  void handle_timeout(TimePoint now) override;
  std::optional<TimePoint> next_timeout() const override;
  std::shared_ptr<const EncodedFrame> poll_frame() override;
  void set_patience(Duration patience) override { patience_ = patience; }
  void require_key_frame() override;
  void reset() override;
  bool needs_key_frame() const override { return mode_ == Mode::searching; }
  /// While nothing was delivered, also packets that may have come before the first one.
  ExtendedSequence wanted_from() const override { return mode_ == Mode::searching ? floor_ : next_; }
  std::uint64_t gaps_skipped() const override { return gaps_skipped_; }
  const JitterDrops& dropped() const override { return dropped_; }

 private:
  struct Slot {
    ExtendedSequence sequence = 0;  ///< 0, which no packet has, when empty.
    std::uint32_t timestamp = 0;
    PayloadFormat format = PayloadFormat::raw;
    bool marker = false;
    bool may_start_frame = false;  ///< Where the packet before shows that a frame has ended.
    bool surely_starts_frame = false;
    bool is_key = false;  ///< Of a key frame, by what it carries.
    TimePoint arrival{};
    std::optional<PacketBuffer> payload;  ///< None for padding.
  };
  enum class Mode : std::uint8_t { before_first, searching, in_order };

  Slot& slot_of(ExtendedSequence sequence) { return slots_[static_cast<std::size_t>(sequence) % window]; }
  const Slot* find(ExtendedSequence sequence) const;
  void make_room(TimePoint now, ExtendedSequence sequence);
  void advance(TimePoint now);
  void consume_in_order(TimePoint now);
  void consume(TimePoint now, Slot& slot);
  void finish_frame(TimePoint now, CodedFrame&& frame);
  void give_up_frame(std::uint64_t JitterDrops::* reason);
  void search();
  bool find_key_frame();
  bool begins_frame(const Slot& slot) const;
  bool shows_key_frame(const Slot& start) const;
  void skip_gap();
  void drop_before(ExtendedSequence sequence, std::uint64_t JitterDrops::* reason);
  void update_deadline();

  bool needs_key_frames_;
  Duration patience_;
  std::vector<Slot> slots_;
  Mode mode_ = Mode::before_first;
  bool decodable_ = false;      ///< What comes next depends on nothing that was not delivered.
  ExtendedSequence next_ = 0;   ///< The next packet to consume, or the first that may start a key frame.
  ExtendedSequence floor_ = 0;  ///< What is before it was consumed, or given up for good.
  ExtendedSequence highest_ = 0;
  std::optional<TimePoint> deadline_;

  Depacketizer depacketizer_;
  std::size_t packets_in_frame_ = 0;
  std::uint32_t frame_timestamp_ = 0;
  bool last_ended_frame_ =
      false;  ///< The packet before `floor_` was consumed, and the last one of its frame.
  RingQueue<std::shared_ptr<const EncodedFrame>> ready_;

  std::uint64_t gaps_skipped_ = 0;
  JitterDrops dropped_;
};

}  // namespace petrel::inline v0::rtp
