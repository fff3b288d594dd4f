#pragma once

#include <cstdint>
#include <cstdlib>

#include "petrel/base/time.hpp"

namespace petrel::inline v0::kvs {

/// The time that signatures are made with: this machine's clock, corrected by what the service's says.
class WallClock {
 public:
  WallClock(TimePoint now, std::int64_t unix_time) : at_(now), unix_time_(unix_time) {}

  /// What this machine's clock says now. If somebody has set it meanwhile, the correction is void.
  void observe(TimePoint now, std::int64_t unix_time) {
    constexpr std::int64_t jump = 30;
    if (std::abs(unix_time - local(now)) > jump) correction_ = 0;
    at_ = now;
    unix_time_ = unix_time;
  }
  std::int64_t now(TimePoint now) const { return local(now) + correction_; }
  std::int64_t local(TimePoint now) const {
    return unix_time_ + std::chrono::duration_cast<std::chrono::seconds>(now - at_).count();
  }
  void correct(TimePoint now, std::int64_t true_time) { correction_ = true_time - local(now); }
  std::int64_t correction() const { return correction_; }

 private:
  TimePoint at_;
  std::int64_t unix_time_;
  std::int64_t correction_ = 0;
};

}  // namespace petrel::inline v0::kvs
