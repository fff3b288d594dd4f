#pragma once

#include <optional>
#include <span>

#include "ice/pair.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::ice {

/// When the controlling agent has waited long enough for a better pair than the best it
/// has. Data flows meanwhile, so this costs nobody anything; it is three of the default
/// Ta, in which the two or three next better pairs get their checks out.
constexpr Duration nomination_wait = std::chrono::milliseconds(150);

/// The same where the best pair is one over TCP: long enough for a UDP check that was lost to be sent
/// twice more (RFC 8489 6.2.1: after 500 ms and 1.5 s), as media is better off there.
constexpr Duration tcp_nomination_wait = std::chrono::milliseconds(1'700);

/// Which pair to nominate, and when: RFC 8445 8.1.1 leaves it to the controlling agent.
///
/// The best working pair, at once if nothing better can still come of the checks, else
/// after nomination_wait, or tcp_nomination_wait. It is nominated once.
class Nomination {
 public:
  struct Choice {
    PairId pair;
    TimePoint due;  ///< When it may be nominated.
  };
  /// `pairs`: highest priority first. Those that have not answered since `since` do not count as
  /// working. Nullopt: nothing works yet.
  std::optional<Choice> choose(TimePoint now, std::span<const Pair> pairs,
                               TimePoint since = TimePoint::min());

 private:
  std::optional<TimePoint> first_valid_;
};

}  // namespace petrel::inline v0::ice
