#pragma once

#include "camera/clock.hpp"

namespace camera::testing {

/// Time that passes only where somebody waits.
class VirtualClock final : public Clock {
 public:
  petrel::TimePoint now() override { return now_; }
  void wait(petrel::Duration duration) override { now_ += duration; }

 private:
  petrel::TimePoint now_{};
};

}  // namespace camera::testing
