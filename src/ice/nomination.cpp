#include "ice/nomination.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {

std::optional<Nomination::Choice> Nomination::choose(TimePoint now, std::span<const Pair> pairs,
                                                     TimePoint since) {
  const auto works = [since](const Pair& pair) { return pair.is_valid() && pair.last_answer >= since; };
  const auto best = std::ranges::find_if(pairs, works);
  if (best == pairs.end()) {
    first_valid_.reset();
    return std::nullopt;
  }
  if (!first_valid_) first_valid_ = now;
  const bool beatable =
      std::any_of(pairs.begin(), best, [](const Pair& pair) { return pair.is_undecided(); });
  return Choice{best->id, beatable ? *first_valid_ + nomination_wait : *first_valid_};
}

}  // namespace petrel::inline v0::ice
