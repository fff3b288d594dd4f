#include "turn_server/shared.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

struct SharedTest : ::testing::Test {
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.unix_time = 1'000'000;
    return config;
  }
  testing::SeededRandom random{1};
  Shared shared{TimePoint{1h}, config(), random};
};

TEST_F(SharedTest, ClampsTimeThatGoesBack) {
  shared.advance(TimePoint{2h});
  shared.advance(TimePoint{1h});
  EXPECT_EQ(shared.now(), TimePoint{2h});
}

TEST_F(SharedTest, CarriesTheWallClockOn) {
  EXPECT_EQ(shared.unix_time(), 1'000'000);
  shared.advance(TimePoint{1h} + 10s - 1ns);
  EXPECT_EQ(shared.unix_time(), 1'000'009);
  shared.advance(TimePoint{1h} + 10s);
  EXPECT_EQ(shared.unix_time(), 1'000'010);
  shared.set_unix_time(2'000'000);
  shared.advance(TimePoint{1h} + 20s);
  EXPECT_EQ(shared.unix_time(), 2'000'010);
}

TEST_F(SharedTest, NumbersFlowsBelowTheAcceptedOnes) {
  const FlowId first = shared.new_flow();
  EXPECT_LT(first, shared.new_flow());
  EXPECT_TRUE(shared.has_flows(1000));
  EXPECT_FALSE(shared.has_flows(first_accepted_flow.value));
}

TEST_F(SharedTest, HasRoomForSoManyPackets) {
  for (std::size_t i = 0; i < Shared::max_unsent_packets; ++i) {
    ASSERT_TRUE(shared.has_room());
    shared.transmit({FlowId{1}, {}, PacketBuffer{}});
  }
  EXPECT_FALSE(shared.has_room());
  EXPECT_TRUE(shared.poll_transmit());
  EXPECT_TRUE(shared.has_room());
}

TEST_F(SharedTest, GivesWhatWasQueuedInItsOrder) {
  shared.request(CloseFlow{FlowId{1}});
  shared.request(CloseFlow{FlowId{2}});
  EXPECT_EQ(std::get<CloseFlow>(*shared.poll_request()).flow, FlowId{1});
  EXPECT_EQ(std::get<CloseFlow>(*shared.poll_request()).flow, FlowId{2});
  EXPECT_FALSE(shared.poll_request());
  shared.report(ListenerOpened{3, {}});
  EXPECT_EQ(std::get<ListenerOpened>(*shared.poll_event()).index, 3u);
  EXPECT_FALSE(shared.poll_event());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
