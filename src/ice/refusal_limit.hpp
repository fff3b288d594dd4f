#pragma once

#include <algorithm>

#include "petrel/base/time.hpp"

namespace petrel::inline v0::ice {

/// So many requests that do not prove to know our password are refused in a row, and then one in each
/// refusal_interval: enough for a peer that has mixed up its credentials, which asks seven times a pair.
constexpr int refusal_burst = 32;
constexpr Duration refusal_interval = std::chrono::milliseconds(50);

/// How often an agent says no to somebody who may be anybody. Whoever forges requests otherwise has a packet
/// made and sent for each of them, to whatever source it claims.
class RefusalLimit {
 public:
  /// False: not now, and the request is dropped in silence.
  bool admits(TimePoint now) {
    const TimePoint begin = std::max(filled_until_, now);
    if (begin - now > (refusal_burst - 1) * refusal_interval) return false;
    filled_until_ = begin + refusal_interval;
    return true;
  }

 private:
  /// As far as what was answered would reach at one in each interval.
  TimePoint filled_until_{};
};

}  // namespace petrel::inline v0::ice
