#include "io/timers.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

constexpr NetworkUserId a{1};
constexpr NetworkUserId b{2};

TEST(Timers, GiveTheEarliestFirst) {
  Timers timers;
  timers.set(a, TimePoint{} + 2s);
  timers.set(b, TimePoint{} + 1s);
  EXPECT_EQ(timers.earliest(), TimePoint{} + 1s);
  EXPECT_EQ(timers.take_due(TimePoint{} + 1s - 1ns), std::nullopt);
  EXPECT_EQ(timers.take_due(TimePoint{} + 2s), b);
  EXPECT_EQ(timers.take_due(TimePoint{} + 2s), a);
  EXPECT_EQ(timers.earliest(), std::nullopt);
}

TEST(Timers, ReplaceAndForget) {
  Timers timers;
  timers.set(a, TimePoint{} + 1s);
  timers.set(a, TimePoint{} + 3s);
  EXPECT_EQ(timers.take_due(TimePoint{} + 2s), std::nullopt);
  timers.set(a, std::nullopt);
  EXPECT_EQ(timers.earliest(), std::nullopt);
}

}  // namespace
}  // namespace petrel::inline v0::io
