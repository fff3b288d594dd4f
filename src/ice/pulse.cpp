#include "ice/pulse.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

// What a peer with one busy core may take for an answer, beside the way there and back.
constexpr Duration least_wait = 150ms;
constexpr Duration least_probe = 100ms;
constexpr int probed_round_trips = 3;
constexpr double loss_weight = 1.0 / 16;

Duration wait_for_answer(Duration round_trip) { return std::max(least_wait, 2 * round_trip + 50ms); }

}  // namespace

// A probe is three questions, beside the one that made it necessary. That all are lost by chance happens, at
// these losses of questions, once in hours or more; and a change of the pair does no harm.
int Pulse::probes_needed() const {
  if (loss_ < 0.1) return 1;
  return loss_ < 0.25 ? 2 : 4;
}

void Pulse::restart(TimePoint now) {
  next_beat_ = now + pulse_interval;
  broken_ = false;
  asked_.reset();
  suspected_since_.reset();
  probes_in_vain_ = 0;
}

Pulse::News Pulse::handle_timeout(TimePoint now, Consent& consent, Duration round_trip) {
  const auto open_since = consent.open_since();
  if (suspected_since_ && !open_since) {
    suspected_since_.reset();
    broken_ = false;
  }
  const Duration probe = std::max(least_probe, probed_round_trips * round_trip);
  if (suspected_since_) {
    if (!consent.is_probed_in_vain() || broken_) return News::none;
    if (++probes_in_vain_ < probes_needed()) {
      consent.probe(now, probe);
      return News::none;
    }
    broken_ = true;
    return News::broken;
  }
  if (open_since && counts(*open_since) && now >= *open_since + wait_for_answer(round_trip)) {
    loss_ += (1 - loss_) * loss_weight;
    suspected_since_ = now;
    probes_in_vain_ = 0;
    asked_.reset();
    consent.probe(now, probe);
    return News::suspected;
  }
  if (!sent_ || now < next_beat_) return News::none;
  if (open_since && counts(*open_since)) return News::none;  // One question at a time.
  if (asked_) loss_ -= loss_ * loss_weight;
  sent_ = false;
  asked_ = open_since.value_or(now);
  next_beat_ = now + pulse_interval;
  if (!open_since) consent.ask(now);
  return News::none;
}

std::optional<TimePoint> Pulse::next_timeout(const Consent& consent, Duration round_trip) const {
  const auto open_since = consent.open_since();
  if (suspected_since_)
    return open_since ? std::nullopt : std::optional(TimePoint::min());  // A probe has its own.
  if (open_since && counts(*open_since)) return *open_since + wait_for_answer(round_trip);
  return sent_ ? std::optional(next_beat_) : std::nullopt;
}

}  // namespace petrel::inline v0::ice
