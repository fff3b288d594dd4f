#include "petrel/rtp/jitter/frame_assembler.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/payload/h264_nal.hpp"

namespace petrel::inline v0::rtp {
namespace {

bool is_audio(PayloadFormat format) { return format == PayloadFormat::opus || format == PayloadFormat::raw; }

// Whether a frame begins here though the packet before is missing. In H.264 an IDR slice alone does not
// say so: its parameter sets may be what is missing.
bool surely_starts_key_frame(PayloadFormat format, Bytes payload) {
  if (format != PayloadFormat::h264) return true;
  h264::NalType type = h264::nal_type(payload[0]);
  // RFC 6184 5.7.1: the first NAL unit of a STAP-A follows its header and its own size.
  constexpr std::size_t first_aggregated = 3;
  if (type == h264::NalType::stap_a && payload.size() > first_aggregated) {
    type = h264::nal_type(payload[first_aggregated]);
  }
  return type == h264::NalType::sps || type == h264::NalType::access_unit_delimiter;
}

}  // namespace

FrameAssembler::FrameAssembler(bool needs_key_frames, Duration patience)
    : needs_key_frames_(needs_key_frames),
      patience_(patience),
      slots_(window),
      depacketizer_(PayloadFormat::raw) {}

void FrameAssembler::handle_packet(TimePoint now, const MediaPacket& packet) {
  const ExtendedSequence sequence = packet.sequence;
  if (mode_ == Mode::before_first) {
    mode_ = needs_key_frames_ ? Mode::searching : Mode::in_order;
    next_ = highest_ = sequence;
    // Packets that were overtaken by the first one may still begin a frame.
    floor_ = needs_key_frames_ ? sequence - static_cast<ExtendedSequence>(window) + 1 : sequence;
  }
  if (find(sequence) != nullptr) {
    ++dropped_.duplicate;
    return;
  }
  if (sequence < floor_ || sequence + static_cast<ExtendedSequence>(window) <= highest_) {
    ++dropped_.late;
    return;
  }
  std::optional<PacketBuffer> payload;
  if (!packet.payload.empty()) {
    auto copy = PacketBuffer::copy_of(packet.payload);
    if (!copy) {
      ++dropped_.bad_payload;
      return;
    }
    payload = *std::move(copy);
  }

  make_room(now, sequence);
  Slot& slot = slot_of(sequence);
  slot.sequence = sequence;
  slot.timestamp = packet.timestamp;
  slot.format = packet.format;
  slot.marker = packet.marker || is_audio(packet.format);
  slot.may_start_frame = payload && is_start_of_frame(packet.format, packet.payload);
  slot.surely_starts_frame = slot.may_start_frame && surely_starts_key_frame(packet.format, packet.payload);
  slot.is_key = payload && is_key_frame(packet.format, packet.payload);
  slot.arrival = now;
  slot.payload = std::move(payload);
  highest_ = std::max(highest_, sequence);
  if (mode_ == Mode::searching) next_ = std::min(next_, sequence);
  advance(now);
}

void FrameAssembler::handle_timeout(TimePoint now) {
  while (deadline_ && now >= *deadline_) {
    skip_gap();
    advance(now);
  }
}

std::optional<TimePoint> FrameAssembler::next_timeout() const { return deadline_; }

std::shared_ptr<const EncodedFrame> FrameAssembler::poll_frame() {
  return ready_.empty() ? nullptr : ready_.pop_front();
}

void FrameAssembler::require_key_frame() {
  if (!needs_key_frames_ || mode_ == Mode::before_first) return;
  decodable_ = false;
  // A frame that has begun may be the key frame.
  if (mode_ == Mode::in_order && packets_in_frame_ == 0) search();
}

void FrameAssembler::reset() {
  if (mode_ == Mode::before_first) return;
  give_up_frame(&JitterDrops::incomplete);
  drop_before(highest_ + 1, &JitterDrops::incomplete);
  mode_ = Mode::before_first;
  decodable_ = false;
  deadline_.reset();
}

const FrameAssembler::Slot* FrameAssembler::find(ExtendedSequence sequence) const {
  const Slot& slot = slots_[static_cast<std::size_t>(sequence) % window];
  return slot.sequence == sequence ? &slot : nullptr;
}

// Slides the window so that it ends with `sequence`.
void FrameAssembler::make_room(TimePoint now, ExtendedSequence sequence) {
  const ExtendedSequence begin = sequence - static_cast<ExtendedSequence>(window) + 1;
  while (mode_ == Mode::in_order && next_ < begin) {
    skip_gap();
    if (next_ > highest_) next_ = floor_ = std::max(next_, begin);
    consume_in_order(now);
  }
  if (mode_ == Mode::searching && next_ < begin) {
    drop_before(begin, &JitterDrops::before_key_frame);
    next_ = begin;
  }
}

void FrameAssembler::advance(TimePoint now) {
  do {
    if (mode_ == Mode::searching && !find_key_frame()) break;
    consume_in_order(now);
  } while (mode_ == Mode::searching);
  update_deadline();
}

void FrameAssembler::consume_in_order(TimePoint now) {
  while (mode_ == Mode::in_order && find(next_) != nullptr) consume(now, slot_of(next_));
}

void FrameAssembler::consume(TimePoint now, Slot& slot) {
  if (packets_in_frame_ > 0 && slot.payload && slot.timestamp != frame_timestamp_) {
    // RFC 3550 5.1: one timestamp, one picture. The sender of the frame before set no marker.
    auto frame = depacketizer_.finish();
    last_ended_frame_ = true;
    if (frame) {
      finish_frame(now, *std::move(frame));
    } else {
      give_up_frame(&JitterDrops::bad_payload);
    }
    if (mode_ != Mode::in_order) return;
  }

  const std::optional<PacketBuffer> payload = std::exchange(slot.payload, std::nullopt);
  slot.sequence = 0;
  floor_ = ++next_;
  if (!payload) return;  // Padding has a number, and nothing else.

  if (packets_in_frame_ == 0 && depacketizer_.format() != slot.format) {
    depacketizer_ = Depacketizer(slot.format);
  }
  ++packets_in_frame_;
  frame_timestamp_ = slot.timestamp;
  last_ended_frame_ = slot.marker;
  auto pushed = depacketizer_.push(payload->bytes(), slot.marker);
  if (!pushed) {
    give_up_frame(&JitterDrops::bad_payload);
  } else if (*pushed) {
    finish_frame(now, std::move(**pushed));
  }
}

void FrameAssembler::finish_frame(TimePoint now, CodedFrame&& frame) {
  if (needs_key_frames_ && !decodable_ && !frame.key_frame) {
    give_up_frame(&JitterDrops::before_key_frame);
    return;
  }
  decodable_ = true;
  packets_in_frame_ = 0;
  if (ready_.size() == max_ready_frames) ready_.pop_front();
  ready_.push_back(EncodedFrame::make(
      std::move(frame.bytes),
      {.capture_time = now, .key_frame = frame.key_frame, .rtp_timestamp = frame_timestamp_}));
}

void FrameAssembler::give_up_frame(std::uint64_t JitterDrops::* reason) {
  dropped_.*reason += packets_in_frame_;
  packets_in_frame_ = 0;
  depacketizer_.reset();
  if (needs_key_frames_) search();
}

void FrameAssembler::search() {
  decodable_ = false;
  mode_ = Mode::searching;
}

// Goes on with the first key frame that has begun: from its start to a packet that shows what it is
// nothing is missing. The rest of it may still be on its way.
bool FrameAssembler::find_key_frame() {
  for (ExtendedSequence sequence = next_; sequence <= highest_; ++sequence) {
    const Slot* slot = find(sequence);
    if (slot == nullptr || !begins_frame(*slot) || !shows_key_frame(*slot)) continue;
    drop_before(sequence, &JitterDrops::before_key_frame);
    next_ = floor_ = sequence;
    packets_in_frame_ = 0;
    mode_ = Mode::in_order;
    return true;
  }
  return false;
}

bool FrameAssembler::begins_frame(const Slot& slot) const {
  if (!slot.may_start_frame) return false;
  if (slot.surely_starts_frame) return true;
  if (slot.sequence == floor_) return last_ended_frame_;
  for (const Slot* before = find(slot.sequence - 1); before != nullptr; before = find(before->sequence - 1)) {
    if (before->payload) return before->marker || before->timestamp != slot.timestamp;
  }
  return false;
}

bool FrameAssembler::shows_key_frame(const Slot& start) const {
  for (const Slot* slot = &start; slot != nullptr; slot = find(slot->sequence + 1)) {
    if (!slot->payload) continue;
    if (slot->timestamp != start.timestamp) return false;
    if (slot->is_key) return true;
    if (slot->marker) return false;
  }
  return false;
}

void FrameAssembler::skip_gap() {
  ++gaps_skipped_;
  give_up_frame(&JitterDrops::incomplete);
  while (next_ <= highest_ && find(next_) == nullptr) ++next_;
  floor_ = next_;
  last_ended_frame_ = false;
}

void FrameAssembler::drop_before(ExtendedSequence sequence, std::uint64_t JitterDrops::* reason) {
  const ExtendedSequence begin = std::max(next_, highest_ - static_cast<ExtendedSequence>(window) + 1);
  for (ExtendedSequence dropped = begin; dropped < sequence && dropped <= highest_; ++dropped) {
    Slot& slot = slot_of(dropped);
    if (slot.sequence != dropped) continue;
    if (slot.payload) ++(dropped_.*reason);
    slot.sequence = 0;
    slot.payload.reset();
  }
}

void FrameAssembler::update_deadline() {
  deadline_.reset();
  if (mode_ != Mode::in_order) return;
  for (ExtendedSequence sequence = next_; sequence <= highest_; ++sequence) {
    if (const Slot* slot = find(sequence)) {
      // Whatever is missing before it has been missing since then.
      deadline_ = slot->arrival + patience_;
      return;
    }
  }
}

}  // namespace petrel::inline v0::rtp
