#include "peer/event_queue.hpp"

#include <utility>

namespace petrel::inline v0::detail {
namespace {

bool is_media(const PeerEvent& event) {
  return std::holds_alternative<FrameArrived>(event) || std::holds_alternative<PacketArrived>(event);
}

// nullopt: it is not of a data channel.
std::optional<ChannelId> channel_of(const PeerEvent& event) {
  return std::visit(
      [](const auto& happened) -> std::optional<ChannelId> {
        if constexpr (requires { happened.channel; }) return happened.channel;
        return std::nullopt;
      },
      event);
}

bool is_frame_of(const PeerEvent& event, TransceiverId transceiver) {
  const auto* frame = std::get_if<FrameArrived>(&event);
  return frame != nullptr && frame->transceiver == transceiver;
}

// Whether `newer` says all that `waiting` would have said.
bool supersedes(const PeerEvent& newer, const PeerEvent& waiting) {
  if (newer.index() != waiting.index()) return false;
  if (const auto* wish = std::get_if<KeyFrameWanted>(&newer)) {
    return wish->transceiver == std::get<KeyFrameWanted>(waiting).transceiver;
  }
  const bool repeats = std::holds_alternative<ChannelReadable>(newer) ||
                       std::holds_alternative<ChannelWritable>(newer) ||
                       std::holds_alternative<ChannelBufferedAmountLow>(newer);
  if (repeats) return channel_of(newer) == channel_of(waiting);
  return std::holds_alternative<TargetBitrateChanged>(newer) ||
         std::holds_alternative<NegotiationNeeded>(newer);
}

}  // namespace

void EventQueue::push(PeerEvent event) {
  if (is_media(event)) {
    make_room();
    ++media_;
    events_.push_back(std::move(event));
    return;
  }
  PeerEvent* superseded =
      events_.find_if([&](const PeerEvent& waiting) { return supersedes(event, waiting); });
  if (superseded != nullptr) {
    *superseded = std::move(event);
    return;
  }
  if (channel_of(event)) {
    ++of_channels_;
  } else if (events_.size() - media_ - of_channels_ >= max_other) {
    // Only states are left to grow this long; the newest of each kind is what matters.
    bool found = false;
    events_.remove_if(
        [&](const PeerEvent& waiting) { return !found && (found = waiting.index() == event.index()); });
    ++dropped_;
  }
  events_.push_back(std::move(event));
}

void EventQueue::push_video(FrameArrived frame) {
  make_room();
  if (awaiting_key_frame_.contains(frame.transceiver)) {
    if (!frame.frame->key_frame()) {
      ++dropped_;
      return;
    }
    awaiting_key_frame_.erase(frame.transceiver);
  }
  ++media_;
  events_.push_back(std::move(frame));
}

// Drops the oldest frame or packet, and what hangs on a frame: those of its transceiver up to a key frame.
void EventQueue::make_room() {
  if (media_ < max_media) return;
  bool found = false;
  std::optional<TransceiverId> broken;
  const std::size_t removed = events_.remove_if([&](const PeerEvent& event) {
    if (!found) {
      found = is_media(event);
      if (const auto* frame = std::get_if<FrameArrived>(&event)) broken = frame->transceiver;
      return found;
    }
    if (!broken || !is_frame_of(event, *broken)) return false;
    if (!std::get<FrameArrived>(event).frame->key_frame()) return true;
    broken.reset();
    return false;
  });
  PETREL_ASSERT(removed > 0);
  media_ -= removed;
  dropped_ += removed;
  if (broken && awaiting_key_frame_.insert(*broken).second) broken_.push_back(*broken);
}

std::optional<PeerEvent> EventQueue::pop() {
  if (events_.empty()) return std::nullopt;
  PeerEvent event = events_.pop_front();
  if (is_media(event)) --media_;
  if (channel_of(event)) --of_channels_;
  return event;
}

std::optional<PeerEvent> EventQueue::pop_of(ChannelId channel) {
  if (of_channels_ == 0) return std::nullopt;
  PeerEvent* found =
      events_.find_if([&](const PeerEvent& waiting) { return channel_of(waiting) == channel; });
  if (found == nullptr) return std::nullopt;
  PeerEvent event = std::move(*found);
  bool removed = false;
  events_.remove_if(
      [&](const PeerEvent& waiting) { return !removed && (removed = channel_of(waiting) == channel); });
  --of_channels_;
  return event;
}

std::optional<TransceiverId> EventQueue::take_broken() {
  if (broken_.empty()) return std::nullopt;
  const TransceiverId transceiver = broken_.front();
  broken_.pop_front();
  return transceiver;
}

}  // namespace petrel::inline v0::detail
