#include "petrel/sim/wall_clock.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <ctime>

#include "petrel/sim/world.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;

TEST(WallClock, StandsWhereItWasPut) {
  set_wall_clock(TimePoint(1s + 250ms + 999ns));
  timeval now{};
  gettimeofday(&now, nullptr);
  const std::time_t seconds = std::time(nullptr);
  reset_wall_clock();

  EXPECT_EQ(now.tv_sec, World::wall_clock_epoch + 1);
  EXPECT_EQ(now.tv_usec, 250'000);
  EXPECT_EQ(seconds, World::wall_clock_epoch + 1);
}

TEST(WallClock, FollowsAWorld) {
  World world(1);
  world.on_time(set_wall_clock);
  world.run_for(90s);
  const std::time_t seconds = std::time(nullptr);
  reset_wall_clock();

  EXPECT_EQ(seconds, World::wall_clock_epoch + 90);
}

TEST(WallClock, TellsTheRealTimeOtherwise) {
  reset_wall_clock();
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  EXPECT_NEAR(static_cast<double>(std::time(nullptr)), static_cast<double>(real.tv_sec), 2);
}

}  // namespace
}  // namespace petrel::inline v0::sim
