#include "petrel/base/assert.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0 {
namespace {

TEST(Assert, ABrokenInvariantStopsInEveryBuildAndSaysWhere) {
  const int packets = 2;
  EXPECT_DEATH(PETREL_ASSERT(packets == 3), "broken invariant: packets == 3 .*assert_test.cpp:[0-9]+");
}

TEST(Assert, AnInvariantThatHoldsIsEvaluatedOnce) {
  int evaluations = 0;
  PETREL_ASSERT(++evaluations == 1);
  EXPECT_EQ(evaluations, 1);
}

}  // namespace
}  // namespace petrel::inline v0
