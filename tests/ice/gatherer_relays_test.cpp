#include <gtest/gtest.h>

#include "ice/far.hpp"
#include "ice/gatherer.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using testing::Far;
using testing::turn;

// Bob behind a full cone may be reached by whatever relay Alice has.
bool is_connected(Far& far) {
  const auto works = [](State state) { return state == State::connected || state == State::completed; };
  return works(far.couple.alice.state()) && works(far.couple.bob.state());
}
bool has_relay(Far& far) {
  return is_connected(far) &&
         far.couple.alice.agent().selected(far.couple.alice.stream())->local.type == CandidateType::relay;
}

struct LostRelay : ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(By, LostRelay,
                         ::testing::Values("turn:198.51.100.1", "turn:198.51.100.1?transport=tcp",
                                           "turns:198.51.100.1"));

TEST_P(LostRelay, IsAskedForAgainAndTheCallGoesOnByTheNewOne) {
  Far far({turn(std::string(GetParam()).starts_with("turns") ? "turns:turn.example" : GetParam())});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  ASSERT_TRUE(far.network.run_until([&] { return !is_connected(far); }, 15s));
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.agent().stats().relays_lost == 1; }, 10s));

  far.start_server();
  ASSERT_TRUE(far.network.run_until([&] { return is_connected(far); }, 20s));
  EXPECT_TRUE(far.network.run_until([&] { return far.couple.are_completed(); }, 5s));
  EXPECT_EQ(far.server->stats().allocations_made, 1u);
  far.expect_data_flows();
}

// Nothing tells a client by UDP that its server forgot it, but the silence.
TEST(GathererRelays, NoticeAServerThatHasRestartedUnseen) {
  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  far.start_server();
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.agent().stats().relays_lost == 1; }, 12s));
  EXPECT_TRUE(far.network.run_until([&] { return has_relay(far); }, 10s));
}

TEST(GathererRelays, AreVerifiedByAnotherRound) {
  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  far.start_server();
  far.couple.alice.gather();  // As an ICE restart does.
  far.network.run_for(500ms);
  EXPECT_EQ(far.couple.alice.agent().stats().relays_lost, 1u);
  far.network.run_for(2s);
  EXPECT_EQ(far.server->stats().allocations, 1u);
}

TEST(GathererRelays, AreAskedForSoonAndThenSeldom) {
  Far far({turn("turn:198.51.100.1?transport=tcp")});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  far.start_server("another password");
  far.network.run_for(200s);
  // After 1, 2, 4, 8, 16, 30, 30, ... s; two connections are refused at once, so each comes to an end.
  const auto servers = far.couple.alice.agent().servers();
  ASSERT_EQ(servers.size(), 1u);
  EXPECT_EQ(servers[0].outcome, ServerOutcome::failed);
  EXPECT_NE(servers[0].text.find("401"), std::string::npos) << servers[0].text;
  EXPECT_EQ(far.server->stats().allocations_made, 0u);
  const TimePoint last = servers[0].decided.value();
  EXPECT_LE(far.network.now() - last, 31s);
}

TEST(GathererRelays, ThatWereNeverThereAreNotAskedForAgain) {
  Far far({turn("turn:198.51.100.1", "guess")});
  far.couple.alice.gather();
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.gathered(); }, 15s));
  const TimePoint decided = far.couple.alice.agent().servers()[0].decided.value();
  far.network.run_for(100s);
  EXPECT_EQ(far.couple.alice.agent().servers()[0].decided, decided);
}

TEST(GathererRelays, TakeNewCredentialsAndAskWithThemAtOnce) {
  Far far({turn("turn:198.51.100.1?transport=tcp")});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  far.start_server("another password");
  far.network.run_for(20s);
  ASSERT_EQ(far.server->stats().allocations_made, 0u);
  far.couple.alice.agent().set_servers(far.network.now(), {},
                                       {turn("turn:198.51.100.1?transport=tcp", "another password")});
  far.network.run_for(1s);
  EXPECT_EQ(far.server->stats().allocations, 1u);
  EXPECT_TRUE(far.network.run_until([&] { return has_relay(far); }, 5s));
}

TEST(GathererRelays, OfOtherServersComeWithTheNextRound) {
  Far far({});
  far.couple.alice.gather();
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.gathered(); }, 15s));
  Agent& agent = far.couple.alice.agent();
  agent.set_servers(far.network.now(), {}, {turn("turn:198.51.100.1")});
  far.network.run_for(5s);
  EXPECT_EQ(far.server->stats().allocations_made, 0u);
  far.couple.alice.gather();
  far.network.run_for(1s);
  EXPECT_EQ(far.server->stats().allocations_made, 1u);

  agent.set_servers(far.network.now(), {}, {});
  far.couple.alice.gather();
  far.network.run_for(1s);
  EXPECT_EQ(far.server->stats().allocations, 1u) << "what stands goes on";
}

}  // namespace
}  // namespace petrel::inline v0::ice
