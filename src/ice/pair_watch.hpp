#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "ice/consent.hpp"
#include "ice/pair.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::ice {

/// How often the pairs that work and are not in use are checked, with renomination: as often as the
/// pair in use is asked for consent.
constexpr Duration watch_interval = std::chrono::seconds(5);
/// The best so many of them. More would be traffic for nothing: a host has one or two networks.
constexpr std::size_t max_watched_pairs = 8;
/// Pairs that have failed are tried again at every so many intervals: a network may be back.
constexpr int watches_per_retry = 6;
/// Between two changes of the pair. A path that is a little better now may not be in a moment.
constexpr Duration renomination_pause = std::chrono::seconds(5);
/// With renomination a pair that leaves a question open for so long is left for one that answers.
constexpr Duration quiet_after = std::chrono::seconds(3);

/// Whether `other` is so much better than `current` that media should move there.
///
/// What goes directly by UDP is better than what goes by TCP, and that than what goes by a relay,
/// unless the round trip is more than twice as long; else it must be less than half as long. Two
/// measurements in a row must say so: of each pair the one that speaks against the change counts.
bool is_clearly_better(const Pair& other, const Pair& current);

/// Whether consent has been asked for in vain for quiet_after.
bool is_quiet(TimePoint now, const Consent& consent);

/// When to look after the pairs that are not in use, and when to change over to one of them: the
/// controlling side of draft-thatcher-ice-renomination.
class PairWatch {
 public:
  /// A pair has been selected.
  void start(TimePoint now);
  /// The next look is due at once, unless there was one just now.
  void hurry(TimePoint now);
  std::optional<TimePoint> next_timeout() const { return next_; }
  /// Collects the pairs to check, where it is time. True: failed pairs may be tried again.
  bool handle_timeout(TimePoint now, PairId selected, std::span<const Pair> pairs);

  bool has_due() const { return !due_.empty(); }
  std::optional<PairId> take_due();

  /// The pair to change over to, if there is one that is clearly better.
  std::optional<PairId> better_than(PairId selected, TimePoint now, std::span<const Pair> pairs) const;

 private:
  std::optional<TimePoint> next_;
  std::optional<TimePoint> last_look_;
  TimePoint may_change_{};
  std::vector<PairId> due_;
  int looks_ = 0;
};

}  // namespace petrel::inline v0::ice
