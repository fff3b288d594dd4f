#include "datachannel/scheduler.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace petrel::inline v0::datachannel {
namespace {

TEST(Scheduler, HasNobodyAtFirst) {
  Scheduler scheduler;
  EXPECT_TRUE(scheduler.empty());
  EXPECT_EQ(scheduler.next(), nullptr);
}

TEST(Scheduler, SharesInProportionToWeights) {
  std::array<Turn, 4> turns{{{.weight = 128}, {.weight = 256}, {.weight = 512}, {.weight = 1024}}};
  Scheduler scheduler;
  for (Turn& turn : turns) scheduler.enter(turn);
  std::map<Turn*, int> served;
  for (int i = 0; i < 1500; ++i) {
    Turn* turn = scheduler.next();
    ++served[turn];
    scheduler.charge(*turn, 1000);
  }
  EXPECT_NEAR(served[&turns[0]], 100, 2);
  EXPECT_NEAR(served[&turns[1]], 200, 2);
  EXPECT_NEAR(served[&turns[2]], 400, 2);
  EXPECT_NEAR(served[&turns[3]], 800, 2);
}

TEST(Scheduler, SavesUpNothingForWhoWasIdle) {
  Turn busy;
  Turn idle;
  Scheduler scheduler;
  scheduler.enter(busy);
  for (int i = 0; i < 1000; ++i) scheduler.charge(*scheduler.next(), 1000);
  scheduler.enter(idle);
  int served = 0;
  for (int i = 0; i < 100; ++i) {
    Turn* turn = scheduler.next();
    served += turn == &idle ? 1 : 0;
    scheduler.charge(*turn, 1000);
  }
  EXPECT_NEAR(served, 50, 1);
}

TEST(Scheduler, DoesNotForgetWhatWasHadByLeaving) {
  Turn patient;
  Turn pushy;
  Scheduler scheduler;
  scheduler.enter(patient);
  int served = 0;
  for (int i = 0; i < 100; ++i) {
    scheduler.enter(pushy);
    Turn* turn = scheduler.next();
    served += turn == &pushy ? 1 : 0;
    scheduler.charge(*turn, 1000);
    scheduler.leave(pushy);
  }
  EXPECT_NEAR(served, 50, 1);
}

TEST(Scheduler, EntersAndLeavesOnce) {
  Turn turn;
  Scheduler scheduler;
  scheduler.enter(turn);
  scheduler.enter(turn);
  EXPECT_EQ(scheduler.waiting().size(), 1U);
  scheduler.leave(turn);
  scheduler.leave(turn);
  EXPECT_TRUE(scheduler.empty());
}

TEST(Scheduler, TakesAWeightOfZeroForTheLeast) {
  Turn none{.weight = 0};
  Scheduler scheduler;
  scheduler.enter(none);
  scheduler.charge(none, 1);
  EXPECT_EQ(none.start, 1024U);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
