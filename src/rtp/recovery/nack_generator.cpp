#include "petrel/rtp/recovery/nack_generator.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {

bool NackGenerator::handle_packet(TimePoint now, ExtendedSequence sequence) {
  if (!started_) {
    started_ = true;
    highest_ = sequence;
    return true;
  }
  if (sequence <= highest_) {
    const auto it = std::ranges::lower_bound(missing_, sequence, {}, &Missing::sequence);
    if (it == missing_.end() || it->sequence != sequence) return true;
    // An answer to the second try may be one to the first.
    if (it->tries == 1) {
      const Duration sample = now - it->asked;
      answer_time_ = answer_time_ ? *answer_time_ + (sample - *answer_time_) / 8 : sample;
    }
    missing_.erase(it);
    return true;
  }
  const auto gap = static_cast<std::size_t>(sequence - highest_ - 1);
  if (missing_.size() + gap > max_missing) {
    missing_.clear();
    highest_ = sequence;
    return false;
  }
  const TimePoint due = now + reordering_tolerance;
  if (gap > 0) earliest_ = missing_.empty() ? due : std::min(earliest_, due);
  for (ExtendedSequence lost = highest_ + 1; lost < sequence; ++lost) missing_.push_back({lost, due, {}, 0});
  highest_ = sequence;
  return true;
}

void NackGenerator::give_up_before(ExtendedSequence sequence) {
  const auto end = std::ranges::lower_bound(missing_, sequence, {}, &Missing::sequence);
  missing_.erase(missing_.begin(), end);
}

void NackGenerator::expect_from(ExtendedSequence sequence) {
  if (started_) return;
  started_ = true;
  highest_ = sequence - 1;
}

void NackGenerator::reset() {
  missing_.clear();
  started_ = false;
}

void NackGenerator::take_due(TimePoint now, Duration round_trip, std::vector<std::uint16_t>& out) {
  if (missing_.empty() || now < earliest_) return;
  const TimePoint retry =
      now + std::max(round_trip_or(round_trip) + reordering_tolerance, min_retry_interval);
  std::erase_if(missing_,
                [now](const Missing& packet) { return packet.tries == max_tries && now >= packet.due; });
  for (Missing& packet : missing_) {
    if (now < packet.due) continue;
    ++packet.tries;
    packet.asked = now;
    packet.due = retry;
    out.push_back(static_cast<std::uint16_t>(packet.sequence & 0xffff));
  }
  earliest_ = missing_.empty() ? TimePoint{} : std::ranges::min(missing_, {}, &Missing::due).due;
}

std::optional<TimePoint> NackGenerator::next_timeout() const {
  if (missing_.empty()) return std::nullopt;
  return earliest_;
}

}  // namespace petrel::inline v0::rtp
