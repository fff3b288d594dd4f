#pragma once

#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

/// When to ask the sender of one stream for a key frame, RFC 4585 6.3.1 and RFC 5104 4.3.1.
///
/// Once wanted, it asks at once and again until a key frame has arrived, never more
/// often than `min_interval`: an encoder that obeys every request would send nothing
/// but key frames.
class PETREL_API KeyFrameRequester {
 public:
  static constexpr Duration min_interval = std::chrono::milliseconds(250);

  /// Asks at `from`, unless it does so already.
  void want(TimePoint from);
  void key_frame_received();

  /// True if a request is to be sent now; it then counts as sent.
  bool take_due(TimePoint now, Duration round_trip);
  std::optional<TimePoint> next_timeout() const;

  bool wanted() const { return wanted_; }

 private:
  bool wanted_ = false;
  std::optional<TimePoint> not_before_;
  TimePoint due_{};
};

}  // namespace petrel::inline v0::rtp
