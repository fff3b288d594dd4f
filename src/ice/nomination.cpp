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
  bool beatable = false;
  bool by_udp = false;
  for (const Pair& pair : std::span(pairs.begin(), best)) {
    if (!pair.is_undecided()) continue;
    beatable = true;
    by_udp = by_udp || !pair.over_tcp;
  }
  if (!beatable) return Choice{best->id, *first_valid_};
  return Choice{best->id, *first_valid_ + (best->over_tcp && by_udp ? tcp_nomination_wait : nomination_wait)};
}

}  // namespace petrel::inline v0::ice
