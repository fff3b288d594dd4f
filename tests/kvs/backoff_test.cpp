#include "kvs/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::kvs {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, GrowsToItsLongestAndStaysWithinIt) {
  testing::SeededRandom random(1);
  for (int run = 0; run < 100; ++run) {
    Backoff backoff;
    Duration ceiling = Backoff::first;
    for (int i = 0; i < 20; ++i) {
      const Duration wait = backoff.next(random);
      EXPECT_GE(wait, Backoff::least);
      EXPECT_LE(wait, std::min(ceiling, Backoff::longest));
      ceiling *= 2;
    }
  }
}

TEST(Backoff, StartsAnewAfterSuccess) {
  testing::SeededRandom random(1);
  Backoff backoff;
  for (int i = 0; i < 20; ++i) backoff.next(random);
  backoff.reset();
  EXPECT_LE(backoff.next(random), Backoff::first);
}

TEST(Backoff, TwoThatBeginTogetherDoNotStayTogether) {
  testing::SeededRandom one(1);
  testing::SeededRandom other(2);
  Backoff a;
  Backoff b;
  int same = 0;
  for (int i = 0; i < 20; ++i) same += a.next(one) == b.next(other) ? 1 : 0;
  EXPECT_LT(same, 4);
}

}  // namespace
}  // namespace petrel::inline v0::kvs
