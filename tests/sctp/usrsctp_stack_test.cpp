#include "sctp/usrsctp_stack.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

// The stack is the process's, so that only differences say something.
class Follower {
 public:
  explicit Follower(TimePoint start) { at(start); }

  /// Ticks that the stack is ahead of where this one left it the last time.
  std::uint64_t at(TimePoint now) {
    const auto lock = UsrsctpStack::instance().lock();
    const std::uint64_t before = pace_.ticks;
    UsrsctpStack::instance().advance(pace_, now);
    return pace_.ticks - before;
  }
  void rest() { pace_.running = false; }

 private:
  Pace pace_;
};

TEST(UsrsctpStack, TicksOnceForEachMillisecondThatPasses) {
  Follower follower(TimePoint(5s));
  EXPECT_EQ(follower.at(TimePoint(5s + 10ms)), 10u);
  EXPECT_EQ(follower.at(TimePoint(5s + 10ms)), 0u);
  EXPECT_EQ(follower.at(TimePoint(5s + 11ms)), 1u);
}

TEST(UsrsctpStack, KeepsTheRestOfAMillisecond) {
  Follower follower(TimePoint{});
  EXPECT_EQ(follower.at(TimePoint(999us)), 0u);
  EXPECT_EQ(follower.at(TimePoint(1999us)), 1u);
  EXPECT_EQ(follower.at(TimePoint(2000us)), 1u);
}

TEST(UsrsctpStack, TicksNoFasterForTwoOnOneTimeLine) {
  Follower one(TimePoint(1s));
  Follower two(TimePoint(1s + 5ms));
  std::uint64_t ticks = 0;
  for (int i = 1; i <= 100; ++i) {
    ticks += one.at(TimePoint(1s + i * 10ms));
    two.at(TimePoint(1s + i * 10ms + 5ms));
  }
  EXPECT_EQ(ticks, 1000u);
}

TEST(UsrsctpStack, DoesNotCountWhatPassedAtRest) {
  Follower resting(TimePoint{});
  resting.rest();
  Follower running(TimePoint(1h));

  resting.at(TimePoint(1h));

  EXPECT_EQ(running.at(TimePoint(1h)), 0u);
  EXPECT_EQ(resting.at(TimePoint(1h + 10ms)), 10u);
}

TEST(UsrsctpStack, FollowsATimeLineThatBeginsAnew) {
  Follower first(TimePoint(1h));
  first.at(TimePoint(2h));

  Follower second(TimePoint{});

  EXPECT_EQ(second.at(TimePoint(10ms)), 10u);
}

TEST(UsrsctpStack, IsNeverLateForATimeLineBecauseOfAnother) {
  Follower slow(TimePoint{});
  Follower fast(TimePoint(1h));
  for (int i = 1; i <= 100; ++i) {
    fast.at(TimePoint(1h + i * 100ms));
    EXPECT_GE(slow.at(TimePoint(i * 10ms)), 10u);
  }
}

TEST(UsrsctpStack, GivesEachAssociationANumberOfItsOwn) {
  UsrsctpStack& stack = UsrsctpStack::instance();
  const auto lock = stack.lock();
  Outbox outbox;
  const std::uintptr_t first = stack.add(outbox);
  stack.remove(first);
  const std::uintptr_t second = stack.add(outbox);
  stack.remove(second);

  EXPECT_GT(first, 0u);
  EXPECT_GT(second, first);
}

}  // namespace
}  // namespace petrel::inline v0::sctp
