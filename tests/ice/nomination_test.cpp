#include "ice/nomination.hpp"

#include <gtest/gtest.h>

#include <array>

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

std::array<Pair, 3> three_pairs() {
  std::array<Pair, 3> pairs;
  for (std::uint32_t i = 0; i < 3; ++i) {
    pairs[i].id = PairId{i};
    pairs[i].priority = 10 - i;
    pairs[i].state = PairState::waiting;
  }
  return pairs;
}

TEST(Nomination, WaitsForAPairThatWorks) {
  auto pairs = three_pairs();
  EXPECT_FALSE(Nomination().choose(start, pairs));
}

TEST(Nomination, TakesTheHighestPriorityAtOnce) {
  auto pairs = three_pairs();
  pairs[0].state = PairState::succeeded;
  const auto choice = Nomination().choose(start, pairs);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->pair, PairId{0});
  EXPECT_EQ(choice->due, start);
}

TEST(Nomination, GivesBetterPairsAMoment) {
  auto pairs = three_pairs();
  pairs[1].state = PairState::succeeded;
  Nomination nomination;
  EXPECT_EQ(nomination.choose(start, pairs)->due, start + nomination_wait);
  // It does not begin anew with each look.
  EXPECT_EQ(nomination.choose(start + 100ms, pairs)->due, start + nomination_wait);

  pairs[0].state = PairState::failed;
  EXPECT_EQ(nomination.choose(start + 120ms, pairs)->pair, PairId{1});
  EXPECT_LE(nomination.choose(start + 120ms, pairs)->due, start + 120ms);
}

TEST(Nomination, PrefersABetterPairThatBeginsToWorkMeanwhile) {
  auto pairs = three_pairs();
  pairs[2].state = PairState::succeeded;
  Nomination nomination;
  EXPECT_EQ(nomination.choose(start, pairs)->pair, PairId{2});
  pairs[0].state = PairState::succeeded;
  const auto choice = nomination.choose(start + 20ms, pairs);
  EXPECT_EQ(choice->pair, PairId{0});
  EXPECT_LE(choice->due, start + 20ms);
}

TEST(Nomination, GivesUdpPairsMoreTimeAgainstOneOverTcp) {
  auto pairs = three_pairs();
  pairs[1].state = PairState::succeeded;
  pairs[1].over_tcp = true;
  EXPECT_EQ(Nomination().choose(start, pairs)->due, start + tcp_nomination_wait);
  pairs[0].over_tcp = true;
  EXPECT_EQ(Nomination().choose(start, pairs)->due, start + nomination_wait) << "TCP against TCP";
  pairs[0].state = PairState::failed;
  EXPECT_EQ(Nomination().choose(start, pairs)->due, start);
}

}  // namespace
}  // namespace petrel::inline v0::ice
