#include "petrel/rtp/stream/rtp_clock.hpp"

namespace petrel::inline v0::rtp {
std::uint32_t RtpClock::video_timestamp(TimePoint capture) {
  std::uint32_t timestamp = offset_ + to_rtp_units(capture.time_since_epoch(), clock_rate_);
  if (started_ && (capture <= last_capture_ || timestamp == last_timestamp_)) {
    // The whole time line moves, so that it goes on at its pace after the step.
    offset_ += last_timestamp_ + 1 - timestamp;
    timestamp = last_timestamp_ + 1;
  }
  started_ = true;
  last_capture_ = capture;
  last_timestamp_ = timestamp;
  return timestamp;
}

std::uint32_t RtpClock::audio_timestamp(TimePoint capture, std::uint32_t duration) {
  std::uint32_t timestamp = offset_ + to_rtp_units(capture.time_since_epoch(), clock_rate_);
  if (started_) {
    const std::uint32_t seamless = last_timestamp_ + last_duration_;
    const auto difference = static_cast<std::int32_t>(timestamp - seamless);
    const auto tolerance = static_cast<std::int32_t>(clock_rate_ / audio_tolerance_per_second);
    if (difference < tolerance) timestamp = seamless;  // Early ones too: audio never steps back.
  }
  started_ = true;
  last_capture_ = capture;
  last_timestamp_ = timestamp;
  last_duration_ = duration;
  return timestamp;
}

void RtpClock::follow(TimePoint capture, std::uint32_t timestamp) {
  started_ = true;
  last_capture_ = capture;
  last_timestamp_ = timestamp;
  last_duration_ = 0;
}

std::optional<std::uint32_t> RtpClock::at(TimePoint instant) const {
  if (!started_) return std::nullopt;
  return last_timestamp_ + to_rtp_units(instant.time_since_epoch(), clock_rate_) -
         to_rtp_units(last_capture_.time_since_epoch(), clock_rate_);
}

}  // namespace petrel::inline v0::rtp
