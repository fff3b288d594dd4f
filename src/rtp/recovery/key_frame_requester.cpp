#include "petrel/rtp/recovery/key_frame_requester.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {

void KeyFrameRequester::want(TimePoint from) {
  if (wanted_) return;
  wanted_ = true;
  due_ = not_before_ ? std::max(from, *not_before_) : from;
}

void KeyFrameRequester::key_frame_received() { wanted_ = false; }

bool KeyFrameRequester::take_due(TimePoint now, Duration round_trip) {
  if (!wanted_ || now < due_) return false;
  // The answer needs a round trip, an encoder's delay, and the time a large frame takes on the wire.
  due_ = now + std::max(min_interval, 2 * round_trip);
  not_before_ = now + min_interval;
  return true;
}

std::optional<TimePoint> KeyFrameRequester::next_timeout() const {
  if (!wanted_) return std::nullopt;
  return due_;
}

}  // namespace petrel::inline v0::rtp
