#include <gtest/gtest.h>

#include "turn_server/connect_bench.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

using ConnectTest = ConnectBench;

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
  EXPECT_EQ(allocate(over_udp).code(), 400);
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

}  // namespace
}  // namespace petrel::inline v0::turn_server
