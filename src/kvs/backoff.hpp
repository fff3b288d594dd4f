#pragma once

#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::kvs {

/// Waiting times that double, with full jitter: a fleet that lost one service at once must not come back at
/// once.
class Backoff {
 public:
  static constexpr Duration first = std::chrono::milliseconds(100);
  static constexpr Duration longest = std::chrono::seconds(10);
  static constexpr Duration least = std::chrono::milliseconds(50);

  Duration next(RandomSource& random);
  void reset() { count_ = 0; }

 private:
  unsigned count_ = 0;
};

/// Uniform in [low, high], to the millisecond.
Duration random_between(RandomSource& random, Duration low, Duration high);

}  // namespace petrel::inline v0::kvs
