#include "petrel/stun/transaction.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace petrel::inline v0::stun {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

// The times of all sendings, each checked to the nanosecond, then the time of the failure.
std::vector<Duration> times_of(const RetransmissionSchedule& schedule) {
  Transaction transaction(start, {}, schedule);
  std::vector<Duration> times;
  while (const auto next = transaction.next_timeout()) {
    EXPECT_FALSE(transaction.due(*next - 1ns));
    EXPECT_FALSE(transaction.failed(*next - 1ns));
    const bool failed = transaction.failed(*next);
    EXPECT_NE(transaction.due(*next), failed);
    times.push_back(*next - start);
  }
  EXPECT_TRUE(transaction.failed(start + times.back()));
  return times;
}

TEST(Transaction, FollowsTheScheduleOfTheRfc) {
  EXPECT_EQ(times_of({}),
            (std::vector<Duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms, 39500ms}));
}

TEST(Transaction, FollowsTheScheduleItsOwnerChose) {
  EXPECT_EQ(times_of({.rto = 100ms, .max_sends = 3, .last_wait = 2}),
            (std::vector<Duration>{0ms, 100ms, 300ms, 500ms}));
}

TEST(Transaction, IsSentOnceOverAReliableTransport) {
  EXPECT_EQ(times_of(RetransmissionSchedule::reliable()), (std::vector<Duration>{0ms, 39500ms}));
}

TEST(Transaction, CountsItsSendings) {
  Transaction transaction(start, {}, {});
  EXPECT_EQ(transaction.sends(), 0U);
  EXPECT_TRUE(transaction.due(start));
  EXPECT_FALSE(transaction.due(start));
  EXPECT_EQ(transaction.sends(), 1U);
  EXPECT_TRUE(transaction.due(start + 500ms));
  EXPECT_EQ(transaction.sends(), 2U);
  EXPECT_EQ(transaction.last_sent(), start + 500ms);
}

TEST(Transaction, ALateCallSendsOnce) {
  Transaction transaction(start, {}, {});
  EXPECT_TRUE(transaction.due(start));
  EXPECT_TRUE(transaction.due(start + 20s));
  EXPECT_FALSE(transaction.due(start + 20s));
  EXPECT_EQ(transaction.next_timeout(), start + 21s);
}

TEST(Transaction, FailsOnceAndThenRests) {
  Transaction transaction(start, {}, {.rto = 1ms, .max_sends = 1, .last_wait = 1});
  EXPECT_TRUE(transaction.due(start));
  EXPECT_TRUE(transaction.failed(start + 1ms));
  EXPECT_FALSE(transaction.due(start + 1ms));
  EXPECT_EQ(transaction.next_timeout(), std::nullopt);
  EXPECT_TRUE(transaction.failed(start));
}

TEST(Transaction, ATimeThatGoesBackChangesNothing) {
  Transaction transaction(start + 10s, {}, {});
  EXPECT_FALSE(transaction.due(start));
  EXPECT_TRUE(transaction.due(start + 10s));
  EXPECT_FALSE(transaction.due(start + 1s));
  EXPECT_EQ(transaction.next_timeout(), start + 10s + 500ms);
}

TEST(Transaction, AbsurdSchedulesAreClamped) {
  EXPECT_EQ(times_of({.rto = -1s, .max_sends = 0, .last_wait = 0}), (std::vector<Duration>{0ns, 1ns}));
  const auto longest = times_of({.rto = 100'000h, .max_sends = 1000, .last_wait = 100'000});
  EXPECT_EQ(longest.size(), 17U);
  EXPECT_EQ(longest[1], 1h);
}

}  // namespace
}  // namespace petrel::inline v0::stun
