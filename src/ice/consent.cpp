#include "ice/consent.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

// Deviates from RFC 7675 5.1, which asks again only after the next 4 to 6 s: while a
// question is open we ask once a second. One lost packet then passes unnoticed, and a
// peer that is gone is noticed within seconds.
constexpr Duration repeat_interval = 1s;

// One question a second for as long as consent lives. The bound keeps a silent peer
// from growing our state.
constexpr std::size_t max_unanswered = consent_lifetime / repeat_interval;

// One packet that is lost, or two, shall not decide where a stream goes.
constexpr int probe_questions = 3;

// RFC 7675 5.1: 5 s, spread by 20 %, so that peers that started together do not keep
// checking together.
Duration check_interval(RandomSource& random) {
  return std::chrono::milliseconds(random.between(4000, 6000));
}

}  // namespace

Consent::Consent(TimePoint now, TimePoint granted, RandomSource& random)
    : random_(random), next_check_(now + check_interval(random)), expires_(granted + consent_lifetime) {}

bool Consent::has_asked(const stun::TransactionId& id) const {
  return std::ranges::find(unanswered_, id, &Question::id) != unanswered_.end();
}

std::optional<Duration> Consent::handle_response(TimePoint now, const stun::TransactionId& id) {
  if (lost_) return std::nullopt;
  // An id we never sent is forged, or answers a question we have given up on.
  const auto question = std::ranges::find(unanswered_, id, &Question::id);
  if (question == unanswered_.end()) return std::nullopt;

  const Duration round_trip = now - question->asked;
  expires_ = now + consent_lifetime;
  if (probe_ && question->asked < probe_->began) {
    // It had left before the peer, so we are told, changed its mind.
    unanswered_.erase(unanswered_.begin(), std::next(question));
    open_since_ = unanswered_.empty() ? probe_->began : unanswered_.front().asked;
    return round_trip;
  }
  probe_.reset();
  probed_in_vain_ = false;
  unanswered_.clear();
  open_since_.reset();
  missing_ = false;
  next_check_ = now + check_interval(random_);
  return round_trip;
}

void Consent::probe(TimePoint now, Duration limit) {
  if (lost_ || probe_) return;
  probe_ = Probe{now, now + limit, limit / probe_questions + Duration(1)};  // No fourth one at the end.
  probed_in_vain_ = false;
  next_check_ = now;
}

void Consent::handle_timeout(TimePoint now) {
  if (lost_) return;

  if (now >= expires_) {
    // Terminal: RFC 7675 5.1 wants new credentials before this pair is used again, so
    // a late answer must not revive it.
    lost_ = true;
    check_.reset();
    return;
  }
  if (open_since_ && now >= *open_since_ + missing_after) missing_ = true;
  if (probe_ && now >= probe_->ends) {
    probe_.reset();
    probed_in_vain_ = true;
  }
  if (now >= next_check_) {
    check_ = random_.bytes<12>();
    if (!open_since_) open_since_ = now;
    unanswered_.push_back({*check_, now});
    if (unanswered_.size() > max_unanswered) unanswered_.pop_front();
    next_check_ = now + (probe_ ? probe_->interval : repeat_interval);
  }
}

std::optional<TimePoint> Consent::next_timeout() const {
  if (lost_) return std::nullopt;
  TimePoint next = std::min(next_check_, expires_);
  if (open_since_ && !missing_) next = std::min(next, *open_since_ + missing_after);
  if (probe_) next = std::min(next, probe_->ends);
  return next;
}

std::optional<stun::TransactionId> Consent::poll_check() { return std::exchange(check_, std::nullopt); }

}  // namespace petrel::inline v0::ice
