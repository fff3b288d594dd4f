#include "kvs/peers.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::kvs {
namespace {

using namespace std::chrono_literals;

TEST(Peers, KeepCandidatesUntilTheDescription) {
  Peers peers;
  TimePoint now{};
  EXPECT_FALSE(peers.take_candidate(now, "a", {"1"}));
  EXPECT_FALSE(peers.take_candidate(now, "a", {"2"}));
  const auto waited = peers.describe(now, "a");
  ASSERT_EQ(waited.size(), 2U);
  EXPECT_EQ(waited[0].candidate, "1");
  EXPECT_TRUE(peers.take_candidate(now, "a", {"3"}));
  EXPECT_TRUE(peers.describe(now, "a").empty());
}

TEST(Peers, ForgetWhoNeverCalls) {
  Peers peers;
  TimePoint now{};
  peers.take_candidate(now, "a", {"1"});
  EXPECT_EQ(peers.next_timeout(), now + Peers::patience);
  peers.handle_timeout(now + Peers::patience);
  EXPECT_FALSE(peers.next_timeout());
  EXPECT_EQ(peers.dropped(), 1U);
  EXPECT_TRUE(peers.describe(now, "a").empty());
}

TEST(Peers, AreBounded) {
  Peers peers;
  const TimePoint now{};
  for (std::size_t i = 0; i < Peers::max_candidates + 1; ++i) peers.take_candidate(now, "a", {"x"});
  EXPECT_EQ(peers.dropped(), 1U);
  for (std::size_t i = 0; i < Peers::max_waiting_peers; ++i)
    peers.take_candidate(now, "p" + std::to_string(i), {"x"});
  EXPECT_EQ(peers.dropped(), 2U);
}

TEST(Peers, TheOneSilentLongestMakesRoom) {
  Peers peers;
  TimePoint now{};
  for (std::size_t i = 0; i <= Peers::max_described; ++i) {
    peers.describe(now, "p" + std::to_string(i));
    now += 1s;
  }
  EXPECT_FALSE(peers.take_candidate(now, "p0", {"x"}));
  EXPECT_TRUE(peers.take_candidate(now, "p1", {"x"}));
  peers.forget("p1");
  EXPECT_FALSE(peers.take_candidate(now, "p1", {"x"}));
}

}  // namespace
}  // namespace petrel::inline v0::kvs
