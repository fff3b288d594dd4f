#include "ice/pair_watch.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

// Below this a difference of round trips is worth nothing to media.
constexpr Duration negligible = 20ms;
// An answer that is older proves nothing: it missed two looks.
constexpr Duration stale_after = 2 * watch_interval + 2s;
constexpr Duration hurried_interval = 1s;

}  // namespace

bool is_clearly_better(const Pair& other, const Pair& current) {
  if (!other.round_trip || !current.round_trip) return false;
  const Duration theirs = std::max(*other.round_trip, other.former_round_trip.value_or(*other.round_trip));
  const Duration ours =
      std::min(*current.round_trip, current.former_round_trip.value_or(*current.round_trip));
  if (other.directness > current.directness) return theirs <= 2 * ours + negligible;
  return 2 * theirs + negligible < ours;
}

bool is_quiet(TimePoint now, const Consent& consent) {
  return consent.open_since() && now >= *consent.open_since() + quiet_after;
}

void PairWatch::start(TimePoint now) {
  next_ = now + watch_interval;
  may_change_ = now + renomination_pause;
  due_.clear();
}

void PairWatch::hurry(TimePoint now) {
  if (!last_look_ || now >= *last_look_ + hurried_interval) next_ = now;
}

bool PairWatch::handle_timeout(TimePoint now, PairId selected, std::span<const Pair> pairs) {
  if (!next_ || now < *next_) return false;
  next_ = now + watch_interval;
  last_look_ = now;
  due_.clear();
  for (const Pair& pair : pairs) {
    if (due_.size() < max_watched_pairs && pair.is_valid() && pair.id != selected) due_.push_back(pair.id);
  }
  return ++looks_ % watches_per_retry == 0;
}

std::optional<PairId> PairWatch::take_due() {
  if (due_.empty()) return std::nullopt;
  const PairId id = due_.front();
  due_.erase(due_.begin());
  return id;
}

std::optional<PairId> PairWatch::better_than(PairId selected, TimePoint now,
                                             std::span<const Pair> pairs) const {
  const auto current = std::ranges::find(pairs, selected, &Pair::id);
  if (current == pairs.end() || now < may_change_) return std::nullopt;
  const Pair* best = nullptr;
  for (const Pair& pair : pairs) {
    const bool works = pair.is_valid() && now < pair.last_answer + stale_after;
    if (pair.id == selected || !works || !is_clearly_better(pair, *current)) continue;
    if (best == nullptr || is_clearly_better(pair, *best)) best = &pair;
  }
  return best == nullptr ? std::nullopt : std::optional(best->id);
}

}  // namespace petrel::inline v0::ice
