#include "petrel/rtp/stream/receive_statistics.hpp"

#include <algorithm>

#include "petrel/rtp/stream/rtp_clock.hpp"

namespace petrel::inline v0::rtp {

void ReceiveStatistics::packet_received(TimePoint now, ExtendedSequence sequence, std::uint32_t timestamp,
                                        std::size_t payload_size) {
  if (!started_) {
    started_ = true;
    base_ = highest_ = sequence;
  }
  // Reordered before the first one: RFC 3550 A.3 counts from the first packet that was sent.
  base_ = std::min(base_, sequence);
  highest_ = std::max(highest_, sequence);
  ++received_;
  ++packets_;
  payload_bytes_ += payload_size;

  // RFC 3550 A.8, in wrapping arithmetic: only differences of transit times matter.
  const std::uint32_t arrival = to_rtp_units(now.time_since_epoch(), clock_rate_);
  const std::uint32_t transit = arrival - timestamp;
  if (has_transit_) {
    const auto change = static_cast<std::int32_t>(transit - transit_);
    const std::uint32_t distance =
        change < 0 ? 0U - static_cast<std::uint32_t>(change) : static_cast<std::uint32_t>(change);
    // A timestamp that leaps is a new time line, not jitter: ten seconds bound what one packet can add.
    if (distance < clock_rate_ * 10) jitter_x16_ += distance - ((jitter_x16_ + 8) >> 4);
  }
  has_transit_ = true;
  transit_ = transit;
}

void ReceiveStatistics::restarted(ExtendedSequence sequence) {
  lost_before_restart_ = lost();
  base_ = highest_ = sequence;
  received_ = 0;
  expected_at_report_ = 0;
  received_at_report_ = 0;
  has_transit_ = false;
}

std::int64_t ReceiveStatistics::lost() const { return lost_before_restart_ + expected() - received_; }

Duration ReceiveStatistics::jitter() const {
  return Duration(std::int64_t{jitter_x16_ >> 4} * 1'000'000'000 / clock_rate_);
}

ReceiveStatistics::Report ReceiveStatistics::report() {
  const std::int64_t expected_in_interval = expected() - expected_at_report_;
  const std::int64_t received_in_interval = received_ - received_at_report_;
  expected_at_report_ = expected();
  received_at_report_ = received_;

  Report report;
  const std::int64_t lost_in_interval = expected_in_interval - received_in_interval;
  if (expected_in_interval > 0 && lost_in_interval > 0) {
    // RFC 3550 6.4.1: the fraction of 256; all lost is 255, the most that the field holds.
    report.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_in_interval * 256 / expected_in_interval, 255));
  }
  report.cumulative_lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(lost(), -0x800000, 0x7fffff));
  report.highest_sequence = static_cast<std::uint32_t>(highest_ - 0x10000);
  report.jitter = jitter_x16_ >> 4;
  return report;
}

}  // namespace petrel::inline v0::rtp
