#include "turn_server/peer_connections.hpp"

#include <gtest/gtest.h>

#include "turn_server/connect_bench.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

using PeerConnectionsTest = ConnectBench;

TEST_F(PeerConnectionsTest, CarriesBytesOnceBound) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_TRUE(bench.paused.contains(peer));
  // What had arrived before reading stopped.
  bench.receive(peer, peer_address, as_bytes("early "));
  EXPECT_FALSE(bench.take());
  EXPECT_EQ(bind(id), 0);
  EXPECT_FALSE(bench.paused.contains(peer));
  bench.receive(peer, peer_address, as_bytes("and late"));
  EXPECT_EQ(to_data(), "early and late");
  bench.receive(data, data_address, as_bytes("no STUN"));
  const auto sent = bench.take();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->flow, peer);
  EXPECT_EQ(as_text(sent->bytes), "no STUN");
  EXPECT_EQ(bench.server.stats().bytes_to_clients, 14u);
  EXPECT_EQ(bench.server.stats().bytes_to_peers, 7u);
  bench.advance(10min - 1s);
  EXPECT_FALSE(bench.closed.contains(data)) << "it has no deadline";
}

TEST_F(PeerConnectionsTest, TakesBytesThatFollowTheBindAtOnce) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  binder.fetch_nonce();
  std::vector<std::byte> bytes = testing::to_vector(
      binder.signed_request(Method::connection_bind, [&](auto& b) { b.connection_id(id); }).bytes());
  for (const char c : std::string("at once")) bytes.push_back(static_cast<std::byte>(c));
  bench.receive(data, data_address, bytes);
  EXPECT_EQ(binder.reply().value().code(), 0);
  EXPECT_EQ(as_text(bench.take().value().bytes), "at once");
}

TEST_F(PeerConnectionsTest, ReadsOnlyWhatTheOtherSideTakes) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_EQ(bind(id), 0);
  bench.change(data, FlowCongested{});
  EXPECT_TRUE(bench.paused.contains(peer));
  EXPECT_FALSE(bench.paused.contains(data));
  bench.change(peer, FlowCongested{});
  EXPECT_TRUE(bench.paused.contains(data));
  bench.change(data, FlowWritable{});
  EXPECT_FALSE(bench.paused.contains(peer));
  bench.change(peer, FlowWritable{});
  EXPECT_TRUE(bench.paused.empty());
}

TEST_F(PeerConnectionsTest, StopsReadingWhileNobodyPolls) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_EQ(bind(id), 0);
  const std::vector<std::byte> much(64 * 1024);
  for (int i = 0; i < 60; ++i) {
    bench.server.handle_datagram(bench.now, {peer, peer_address, {}, much});
  }
  bool paused = false;
  while (const auto request = bench.server.poll_request()) {
    paused |= std::holds_alternative<PauseFlow>(*request);
  }
  EXPECT_TRUE(paused);
  bool resumed = false;
  while (bench.server.poll_transmit()) {
  }
  while (const auto request = bench.server.poll_request()) {
    resumed |= std::holds_alternative<ResumeFlow>(*request);
  }
  EXPECT_TRUE(resumed);
  EXPECT_EQ(bench.server.stats().packets_dropped, 0u);
}

TEST_F(PeerConnectionsTest, EndsBehindTheLastByte) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_EQ(bind(id), 0);
  bench.receive(peer, peer_address, as_bytes("the last words"));
  bench.change(data, FlowCongested{});
  bench.change(peer, FlowClosed{});
  EXPECT_FALSE(bench.closed.contains(data)) << "it has not taken them yet";
  bench.change(data, FlowWritable{});
  EXPECT_TRUE(bench.closed.contains(data));
  EXPECT_EQ(bench.server.stats().peer_connections, 0u);
  EXPECT_EQ(bench.server.stats().connections, 1u);
}

TEST_F(PeerConnectionsTest, GivesUpWhatIsNeverTaken) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_EQ(bind(id), 0);
  bench.change(peer, FlowCongested{});
  bench.change(data, FlowClosed{});
  bench.advance(PeerConnections::drain_limit - 1s);
  EXPECT_FALSE(bench.closed.contains(peer));
  bench.advance(1s);
  EXPECT_TRUE(bench.closed.contains(peer));
}

TEST_F(PeerConnectionsTest, EndsWithTheAllocation) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  const FlowId peer = bench.connects.back().flow;
  EXPECT_EQ(bind(id), 0);
  const FlowId opening = connect({peer_address.address, 1});
  bench.change(control, FlowClosed{});
  EXPECT_TRUE(bench.closed.contains(peer));
  EXPECT_TRUE(bench.closed.contains(data));
  EXPECT_TRUE(bench.closed.contains(opening));
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(bench.server.stats().peer_connections, 0u);
  EXPECT_FALSE(bench.take());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
