#include "ice/pair.hpp"

#include <gtest/gtest.h>

#include <set>

namespace petrel::inline v0::ice {
namespace {

TEST(Pair, IsUndecidedUntilItWorksOrFails) {
  Pair pair;
  EXPECT_TRUE(pair.is_undecided());
  EXPECT_FALSE(pair.is_valid());
  pair.state = PairState::succeeded;
  EXPECT_FALSE(pair.is_undecided());
  EXPECT_TRUE(pair.is_valid());
  pair.fail(PairOutcome::refused);
  EXPECT_FALSE(pair.is_undecided());
  EXPECT_EQ(pair.outcome, PairOutcome::refused);
}

TEST(Pair, NamesEachStateAndOutcome) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(PairState::failed); ++i) names.insert(to_string(PairState(i)));
  for (int i = 0; i <= static_cast<int>(PairOutcome::stopped); ++i) names.insert(to_string(PairOutcome(i)));
  EXPECT_EQ(names.size(), 15u);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace petrel::inline v0::ice
