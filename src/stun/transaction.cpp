#include "petrel/stun/transaction.hpp"

#include <algorithm>

namespace petrel::inline v0::stun {
namespace {

// Limits that keep rto << max_sends far below what 64 bits of nanoseconds hold.
constexpr unsigned max_max_sends = 16;
constexpr unsigned max_last_wait = 1024;
constexpr Duration max_rto = std::chrono::hours(1);

RetransmissionSchedule within_limits(RetransmissionSchedule schedule) {
  schedule.rto = std::clamp(schedule.rto, Duration(1), max_rto);
  schedule.max_sends = std::clamp(schedule.max_sends, 1U, max_max_sends);
  schedule.last_wait = std::clamp(schedule.last_wait, 1U, max_last_wait);
  return schedule;
}

}  // namespace

Transaction::Transaction(TimePoint now, const TransactionId& id, const RetransmissionSchedule& schedule)
    : id_(id), schedule_(within_limits(schedule)), wait_(schedule_.rto), last_sent_(now), next_(now) {}

bool Transaction::due(TimePoint now) {
  if (!next_ || now < *next_) return false;
  if (sends_ == schedule_.max_sends) {
    next_.reset();
    return false;
  }
  ++sends_;
  last_sent_ = now;
  const bool last = sends_ == schedule_.max_sends;
  next_ = now + (last ? schedule_.rto * schedule_.last_wait : wait_);
  wait_ *= 2;
  return true;
}

bool Transaction::failed(TimePoint now) const {
  return sends_ == schedule_.max_sends && (!next_ || now >= *next_);
}

std::optional<TimePoint> Transaction::next_timeout() const { return next_; }

}  // namespace petrel::inline v0::stun
