#pragma once

#include <chrono>
#include <thread>

#include "petrel/base/time.hpp"

namespace camera {

/// The time of what waits for devices, so that tests wait in virtual time.
class Clock {
 public:
  virtual petrel::TimePoint now() = 0;
  virtual void wait(petrel::Duration duration) = 0;

 protected:
  ~Clock() = default;
};

/// The steady clock, which is also that of V4L2's and libcamera's time stamps (CLOCK_MONOTONIC).
class SteadyClock final : public Clock {
 public:
  petrel::TimePoint now() override {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return petrel::TimePoint(std::chrono::duration_cast<petrel::Duration>(since));
  }
  void wait(petrel::Duration duration) override { std::this_thread::sleep_for(duration); }
};

}  // namespace camera
