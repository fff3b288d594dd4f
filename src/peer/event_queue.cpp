#include "peer/event_queue.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::detail {
namespace {

bool is_media(const PeerEvent& event) {
  return std::holds_alternative<FrameArrived>(event) || std::holds_alternative<PacketArrived>(event);
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
  const auto superseded =
      std::ranges::find_if(events_, [&](const PeerEvent& waiting) { return supersedes(event, waiting); });
  if (superseded != events_.end()) {
    *superseded = std::move(event);
    return;
  }
  if (events_.size() - media_ >= max_other) {
    // Only states are left to grow this long; the newest of each kind is what matters.
    const auto same = std::ranges::find_if(
        events_, [&](const PeerEvent& waiting) { return waiting.index() == event.index(); });
    if (same != events_.end()) events_.erase(same);
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
  events_.emplace_back(std::move(frame));
}

void EventQueue::make_room() {
  if (media_ < max_media) return;
  const auto oldest = std::ranges::find_if(events_, is_media);
  PETREL_ASSERT(oldest != events_.end());
  const auto* frame = std::get_if<FrameArrived>(&*oldest);
  const std::optional<TransceiverId> transceiver =
      frame != nullptr ? std::optional(frame->transceiver) : std::nullopt;
  const auto next = events_.erase(oldest);
  --media_;
  ++dropped_;
  if (transceiver) drop_dependents(next, *transceiver);
}

void EventQueue::drop_dependents(std::deque<PeerEvent>::iterator from, TransceiverId transceiver) {
  for (auto it = from; it != events_.end();) {
    if (!is_frame_of(*it, transceiver)) {
      ++it;
      continue;
    }
    if (std::get<FrameArrived>(*it).frame->key_frame()) return;
    it = events_.erase(it);
    --media_;
    ++dropped_;
  }
  if (awaiting_key_frame_.insert(transceiver).second) broken_.push_back(transceiver);
}

std::optional<PeerEvent> EventQueue::pop() {
  if (events_.empty()) return std::nullopt;
  PeerEvent event = std::move(events_.front());
  events_.pop_front();
  if (is_media(event)) --media_;
  return event;
}

std::optional<TransceiverId> EventQueue::take_broken() {
  if (broken_.empty()) return std::nullopt;
  const TransceiverId transceiver = broken_.front();
  broken_.pop_front();
  return transceiver;
}

}  // namespace petrel::inline v0::detail
