#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

/// `time` in units of 1/`clock_rate` s, modulo 2^32, rounded down. Exact over any span: seconds and their
/// fraction are scaled apart, since nanoseconds times 90,000 fill 63 bits within 29 hours.
constexpr std::uint32_t to_rtp_units(Duration time, std::uint32_t clock_rate) {
  std::int64_t seconds = time.count() / 1'000'000'000;
  std::int64_t rest = time.count() % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  const std::uint64_t whole = static_cast<std::uint64_t>(seconds) * clock_rate;
  return static_cast<std::uint32_t>(whole + static_cast<std::uint64_t>(rest * clock_rate / 1'000'000'000));
}

/// RTP timestamps of one stream that we send, RFC 3550 5.1 and 6.4.1.
///
/// A timestamp is the capture time in units of the clock rate, from a random offset.
/// Sender reports extrapolate from the last frame by the same rule, so that they are
/// exact however long ago that was.
class PETREL_API RtpClock {
 public:
  RtpClock(std::uint32_t clock_rate, std::uint32_t offset) : clock_rate_(clock_rate), offset_(offset) {}

  /// For video: strictly rising, since receivers take equal timestamps for one picture. A capture time
  /// that stands still or steps back gives the next timestamp.
  std::uint32_t video_timestamp(TimePoint capture);

  /// For audio: without gaps while the capture times agree with `duration`, in units, of the frame before to
  /// within `audio_tolerance`; a larger difference is a real gap and is shown as one.
  std::uint32_t audio_timestamp(TimePoint capture, std::uint32_t duration);

  /// A frame from outside came with its own timestamp; reports follow it.
  void follow(TimePoint capture, std::uint32_t timestamp);

  /// The timestamp at `instant`; nullopt before the first frame.
  std::optional<std::uint32_t> at(TimePoint instant) const;

  std::uint32_t clock_rate() const { return clock_rate_; }

 private:
  // Capture stamps of audio devices jitter by some milliseconds; 20 ms is one Opus frame.
  static constexpr std::uint32_t audio_tolerance_per_second = 50;

  std::uint32_t clock_rate_;
  std::uint32_t offset_;
  bool started_ = false;
  TimePoint last_capture_{};
  std::uint32_t last_timestamp_ = 0;
  std::uint32_t last_duration_ = 0;
};

}  // namespace petrel::inline v0::rtp
