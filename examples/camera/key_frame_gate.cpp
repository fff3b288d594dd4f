#include "camera/key_frame_gate.hpp"

#include <algorithm>
#include <utility>

namespace camera {

void KeyFrameGate::handle_ready(petrel::TimePoint now, ViewerId viewer) {
  const bool is_new = viewers_.emplace(viewer, Stage::waiting).second;
  if (is_new) want(now);
}

void KeyFrameGate::handle_request(petrel::TimePoint now, ViewerId viewer) {
  if (viewers_.contains(viewer)) want(now);
}

void KeyFrameGate::handle_caught_up(ViewerId viewer) { viewers_.insert_or_assign(viewer, Stage::running); }

void KeyFrameGate::handle_timeout(petrel::TimePoint now) {
  if (!due_ || now < *due_) return;
  due_.reset();
  last_asked_ = now;
  asking_ = true;
}

std::optional<petrel::TimePoint> KeyFrameGate::next_timeout() const { return due_; }

bool KeyFrameGate::poll_request() { return std::exchange(asking_, false); }

void KeyFrameGate::handle_frame(bool key_frame) {
  for (auto& [viewer, stage] : viewers_) {
    if (stage == Stage::waiting && key_frame) stage = Stage::running;
  }
  // Whoever has asked is served by this one, whatever made the encoder send it.
  if (key_frame) due_.reset();
}

bool KeyFrameGate::admits(ViewerId viewer) const {
  const auto found = viewers_.find(viewer);
  return found != viewers_.end() && found->second == Stage::running;
}

void KeyFrameGate::want(petrel::TimePoint now) {
  if (due_) return;
  due_ = last_asked_ ? std::max(now, *last_asked_ + min_interval) : now;
  handle_timeout(now);
}

}  // namespace camera
