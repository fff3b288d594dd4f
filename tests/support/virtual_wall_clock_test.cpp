#include "support/virtual_wall_clock.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <ctime>

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

TEST(VirtualWallClock, StandsWhereItWasPut) {
  set_wall_clock(TimePoint(1s + 250ms + 999ns));
  timeval now{};
  gettimeofday(&now, nullptr);
  const std::time_t seconds = std::time(nullptr);
  reset_wall_clock();

  EXPECT_EQ(now.tv_sec, wall_clock_epoch + 1);
  EXPECT_EQ(now.tv_usec, 250'000);
  EXPECT_EQ(seconds, wall_clock_epoch + 1);
}

TEST(VirtualWallClock, TellsTheRealTimeOtherwise) {
  reset_wall_clock();
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  EXPECT_NEAR(static_cast<double>(std::time(nullptr)), static_cast<double>(real.tv_sec), 2);
}

}  // namespace
}  // namespace petrel::inline v0::testing
