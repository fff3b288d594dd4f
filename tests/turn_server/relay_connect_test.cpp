#include <gtest/gtest.h>

#include "turn_server/peer_connections.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

constexpr FlowId control{first_accepted_flow.value};
constexpr FlowId data{first_accepted_flow.value + 1};
constexpr FlowId from_peer{first_accepted_flow.value + 2};

// A client over TCP, whose requests and bytes are written by hand.
struct ConnectTest : ::testing::Test {
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.listeners.push_back({{server_address, 3478}, TransportProtocol::tcp});
    config.limits.peer_connections_per_allocation = 3;
    return config;
  }
  ConnectTest() {
    bench.accept(control, client_address, FlowId{2});
    bench.accept(data, data_address, FlowId{2});
  }
  Reply allocate(ScriptedClient& by, const ScriptedClient::Fill& fill = {}) {
    return by.ask(Method::allocate, [&](stun::Builder& builder) {
      builder.requested_transport(stun::relay_protocol::tcp);
      if (fill) fill(builder);
    });
  }
  Endpoint relayed() { return allocate(client)->xor_relayed_address().value(); }
  // Leaves the answer to what becomes of the flow.
  FlowId connect(const Endpoint& peer) {
    bench.receive(control, client_address,
                  client.signed_request(Method::connect, [&](auto& b) { b.xor_peer_address(peer); }).bytes());
    return bench.connects.empty() ? FlowId{} : bench.connects.back().flow;
  }
  std::uint32_t connected(const Endpoint& peer) {
    bench.change(connect(peer), FlowOpened{.local = {}, .remote = peer});
    return client.reply().value()->connection_id().value();
  }
  int bind(std::uint32_t id) {
    return binder.code_of(Method::connection_bind, [&](auto& b) { b.connection_id(id); });
  }
  std::string to_data() {
    std::string text;
    while (const auto sent = bench.take()) {
      EXPECT_EQ(sent->flow, data);
      text += as_text(sent->bytes);
    }
    return text;
  }

  const Endpoint data_address = Endpoint::v4(198, 51, 100, 7, 40001);
  ServerBench bench{config()};
  ScriptedClient client{bench, client_address, control};
  ScriptedClient binder{bench, data_address, data};
};

TEST_F(ConnectTest, ListensAtTheRelayedAddress) {
  const Endpoint at = relayed();
  ASSERT_EQ(bench.listening.size(), 2u);
  EXPECT_EQ(bench.listening.rbegin()->second, at);
  EXPECT_TRUE(bench.bound.size() == 1) << "and at no UDP port";
  client.code_of(Method::refresh, [](auto& b) { b.lifetime(0); });
  EXPECT_EQ(bench.listening.size(), 1u);
}

TEST_F(ConnectTest, NeedsAConnectionAndNoneOfRtpsWishes) {
  ScriptedClient over_udp(bench);
  EXPECT_EQ(allocate(over_udp).code(), 442);
  EXPECT_EQ(allocate(client, [](auto& b) { b.even_port(false); }).code(), 400);
  EXPECT_EQ(allocate(client, [](auto& b) { b.reservation_token({}); }).code(), 400);
  EXPECT_EQ(allocate(client, [](auto& b) { b.additional_address_family(IpFamily::v6); }).code(), 400);
  EXPECT_EQ(allocate(client, [](auto& b) { b.dont_fragment(); }).code(), 420);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(allocate(client).code(), 0);
}

TEST_F(ConnectTest, LeavesFromTheRelayedAddress) {
  const Endpoint at = relayed();
  const FlowId flow = connect(peer_address);
  ASSERT_NE(flow, FlowId{});
  EXPECT_EQ(bench.connects.back().local, at);
  EXPECT_EQ(bench.connects.back().remote, peer_address);
  EXPECT_TRUE(bench.connects.back().from_listener);
  EXPECT_FALSE(client.reply()) << "not before it is known";
  bench.change(flow, FlowFailed{std::make_error_code(std::errc::connection_refused)});
  EXPECT_EQ(client.reply().value().code(), 447);

  connect(peer_address);
  bench.advance(30s);
  EXPECT_EQ(client.reply().value().code(), 447);
  EXPECT_TRUE(bench.closed.contains(bench.connects.back().flow));
}

TEST_F(ConnectTest, RefusesWhatMayNotBe) {
  const Endpoint at = relayed();
  const auto code = [&](const Endpoint& peer) {
    return client.code_of(Method::connect, [&](auto& b) { b.xor_peer_address(peer); });
  };
  EXPECT_EQ(client.code_of(Method::connect), 400);
  EXPECT_EQ(code({peer_address.address, 0}), 400);
  EXPECT_EQ(code(*Endpoint::parse("[2606:4700::9]:80")), 443);
  EXPECT_EQ(code(Endpoint::v4(127, 0, 0, 1, 80)), 403);
  EXPECT_EQ(code({server_address, 22}), 403);
  EXPECT_EQ(client.bind(0x4000, peer_address), 400) << "no channels";
  // The UDP port of another client's relay is no place for TCP.
  ScriptedClient by_udp(bench);
  EXPECT_EQ(code(by_udp.allocate()), 403);
  EXPECT_EQ(by_udp.code_of(Method::connect, [](auto& b) { b.xor_peer_address(peer_address); }), 400);

  connected(peer_address);
  EXPECT_EQ(code(peer_address), 446);
  connected({peer_address.address, 1});
  connected({peer_address.address, 2});
  EXPECT_EQ(code({peer_address.address, 3}), 508);
  EXPECT_EQ(at.address, server_address);
}

TEST_F(ConnectTest, CarriesBytesOnceBound) {
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

TEST_F(ConnectTest, TakesBytesThatFollowTheBindAtOnce) {
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

TEST_F(ConnectTest, BindsOnlyWhatWaitsAndForItsUser) {
  relayed();
  const std::uint32_t id = connected(peer_address);
  EXPECT_EQ(bind(id + 1), 400);
  EXPECT_EQ(binder.code_of(Method::connection_bind), 400);
  EXPECT_EQ(client.code_of(Method::connection_bind, [&](auto& b) { b.connection_id(id); }), 400)
      << "the control connection is none for data";
  ScriptedClient over_udp(bench);
  EXPECT_EQ(over_udp.code_of(Method::connection_bind, [&](auto& b) { b.connection_id(id); }), 400);
  binder.username = "bob";
  binder.password = "builder";
  EXPECT_EQ(bind(id), 441);
  binder.username = "alice";
  binder.password = "wonderland";
  EXPECT_EQ(bind(id), 0);
  bench.accept(from_peer, data_address, FlowId{2});
  ScriptedClient again(bench, data_address, from_peer);
  EXPECT_EQ(again.code_of(Method::connection_bind, [&](auto& b) { b.connection_id(id); }), 400) << "twice";
}

TEST_F(ConnectTest, AnnouncesPeersThatHaveAPermission) {
  const Endpoint at = relayed();
  const FlowId listener = bench.listening.rbegin()->first;
  bench.accept(from_peer, peer_address, listener);
  EXPECT_TRUE(bench.closed.contains(from_peer));
  EXPECT_FALSE(bench.take());
  EXPECT_EQ(client.permit(peer_address), 0);
  const FlowId second{from_peer.value + 1};
  bench.accept(second, peer_address, listener);
  const auto sent = bench.take();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->flow, control);
  const auto attempt = stun::MessageView::parse(sent->bytes).value();
  EXPECT_EQ(attempt.method(), Method::connection_attempt);
  EXPECT_EQ(attempt.message_class(), stun::Class::indication);
  EXPECT_EQ(attempt.xor_peer_address(), peer_address);
  EXPECT_EQ(bind(attempt.connection_id().value()), 0);
  bench.receive(second, peer_address, as_bytes("hello"));
  EXPECT_EQ(to_data(), "hello");

  const FlowId third{from_peer.value + 2};
  bench.accept(third, {peer_address.address, 1}, listener);
  bench.advance(PeerConnections::bind_limit);
  EXPECT_TRUE(bench.closed.contains(third)) << "nobody has bound it";
  EXPECT_EQ(at.address, server_address);
}

TEST_F(ConnectTest, ReadsOnlyWhatTheOtherSideTakes) {
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

TEST_F(ConnectTest, StopsReadingWhileNobodyPolls) {
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

TEST_F(ConnectTest, EndsBehindTheLastByte) {
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

TEST_F(ConnectTest, GivesUpWhatIsNeverTaken) {
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

TEST_F(ConnectTest, EndsWithTheAllocation) {
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
