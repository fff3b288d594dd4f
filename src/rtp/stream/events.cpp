#include "petrel/rtp/stream/events.hpp"

#include <utility>

namespace petrel::inline v0::rtp {
namespace {

std::size_t media_size(const Event& event) {
  if (const auto* frame = std::get_if<FrameReceived>(&event)) return frame->frame->bytes().size();
  if (const auto* packet = std::get_if<PacketReceived>(&event)) return packet->packet.size();
  return 0;
}

bool is_media_of(const Event& event, MediaId media) {
  if (const auto* frame = std::get_if<FrameReceived>(&event)) return frame->media == media;
  if (const auto* packet = std::get_if<PacketReceived>(&event)) return packet->media == media;
  return false;
}

// State of which only the latest counts.
bool replaces(const Event& newer, const Event& older) {
  if (const auto* request = std::get_if<KeyFrameRequested>(&newer)) {
    const auto* pending = std::get_if<KeyFrameRequested>(&older);
    return pending != nullptr && pending->media == request->media;
  }
  return std::holds_alternative<TargetBitrate>(newer) && std::holds_alternative<TargetBitrate>(older);
}

}  // namespace

bool EventQueue::push(Event&& event) {
  const std::size_t size = media_size(event);
  if (size == 0) {
    Event* older = events_.find_if([&event](const Event& each) { return replaces(event, each); });
    if (older != nullptr) {
      *older = std::move(event);
      return true;
    }
  }
  if (events_.size() >= max_events || media_bytes_ + size > max_media_bytes) return false;
  media_bytes_ += size;
  events_.push_back(std::move(event));
  return true;
}

std::optional<Event> EventQueue::pop() {
  if (events_.empty()) return std::nullopt;
  Event event = events_.pop_front();
  media_bytes_ -= media_size(event);
  return event;
}

std::size_t EventQueue::drop_media(MediaId media) {
  return events_.remove_if([this, media](const Event& event) {
    if (!is_media_of(event, media)) return false;
    media_bytes_ -= media_size(event);
    return true;
  });
}

std::size_t EventQueue::drop_oldest_media(MediaId media) {
  bool dropped = false;
  return events_.remove_if([this, media, &dropped](const Event& event) {
    if (dropped || !is_media_of(event, media)) return false;
    dropped = true;
    media_bytes_ -= media_size(event);
    return true;
  });
}

}  // namespace petrel::inline v0::rtp
