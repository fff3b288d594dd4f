#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

const Endpoint peer_v6 = *Endpoint::parse("[2606:4700::9]:5000");

struct RequestsTest : ::testing::Test {
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.relay_addresses = {{server_address}, {*IpAddress::parse("2001:db8::1")}};
    config.limits.permissions = 3;
    config.limits.channels = 2;
    return config;
  }
  int refresh(std::uint32_t seconds) {
    return client.code_of(Method::refresh, [&](auto& b) { b.lifetime(seconds); });
  }
  void allocate_both() {
    client.allocate([](auto& b) { b.additional_address_family(IpFamily::v6); });
  }
  ServerBench bench{config()};
  ScriptedClient client{bench};
};

TEST_F(RequestsTest, NeedAnAllocation) {
  EXPECT_EQ(refresh(600), 437);
  EXPECT_EQ(refresh(0), 437);
  EXPECT_EQ(client.permit(peer_address), 437);
  EXPECT_EQ(client.bind(0x4000, peer_address), 437);
}

TEST_F(RequestsTest, NeedTheUserWhoAllocated) {
  client.allocate();
  client.username = "bob";
  client.password = "builder";
  EXPECT_EQ(refresh(600), 441);
  EXPECT_EQ(refresh(0), 441);
  EXPECT_EQ(client.permit(peer_address), 441);
  EXPECT_EQ(client.bind(0x4000, peer_address), 441);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
}

TEST_F(RequestsTest, RefuseUnknownAttributes) {
  client.allocate();
  const auto add_unknown = [](stun::Builder& b) { b.attribute(stun::AttributeType{0x7fff}, {}); };
  EXPECT_EQ(client.code_of(Method::refresh, add_unknown), 420);
  EXPECT_EQ(client.code_of(Method::create_permission, add_unknown), 420);
}

// ---- Refresh -------------------------------------------------------------------------------

TEST_F(RequestsTest, RefreshGivesANewLifetime) {
  client.allocate();
  bench.advance(500s);
  const Reply answer = client.ask(Method::refresh, [](auto& b) { b.lifetime(1000); });
  EXPECT_EQ(answer->lifetime(), 1000u);
  EXPECT_TRUE(answer->integrity_ok(client.key()));
  bench.advance(1000s - 1ns);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
  bench.advance(1ns);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
}

TEST_F(RequestsTest, RefreshWithoutALifetimeGivesTheDefault) {
  client.allocate();
  EXPECT_EQ(client.ask(Method::refresh)->lifetime(), 600u);
}

TEST_F(RequestsTest, RefreshOfZeroEndsTheAllocation) {
  const FlowId flow = bench.flow_at(client.allocate().port);
  const Reply answer = client.ask(Method::refresh, [](auto& b) { b.lifetime(0); });
  EXPECT_EQ(answer.code(), 0);
  EXPECT_EQ(answer->lifetime(), 0u);
  EXPECT_TRUE(bench.closed.contains(flow));
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(client.code_of(Method::allocate, [](auto& b) { b.requested_transport(17); }), 0);
}

TEST_F(RequestsTest, RefreshNamesAFamilyThatIsThere) {
  client.allocate();
  EXPECT_EQ(client.code_of(Method::refresh, [](auto& b) { b.requested_address_family(IpFamily::v6); }), 443);
  EXPECT_EQ(client.code_of(Method::refresh, [](auto& b) { b.requested_address_family(IpFamily::v4); }), 0);
}

TEST_F(RequestsTest, RefreshOfZeroCanEndOneFamily) {
  allocate_both();
  EXPECT_EQ(client.permit(peer_address), 0);
  EXPECT_EQ(bench.relay_sockets(), 2u);
  const auto drop = [&](IpFamily family) {
    return client.code_of(Method::refresh, [&](auto& b) { b.lifetime(0).requested_address_family(family); });
  };
  EXPECT_EQ(drop(IpFamily::v4), 0);
  EXPECT_EQ(bench.relay_sockets(), 1u);
  EXPECT_EQ(bench.server.stats().allocations, 1u);
  EXPECT_EQ(client.permit(peer_address), 443) << "there is no IPv4 any more";
  EXPECT_EQ(client.permit(peer_v6), 0);
  EXPECT_EQ(drop(IpFamily::v6), 0);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
}

// ---- CreatePermission ----------------------------------------------------------------------

TEST_F(RequestsTest, CreatePermissionTakesSeveralPeers) {
  allocate_both();
  const Reply answer = client.ask(
      Method::create_permission, [](auto& b) { b.xor_peer_address(peer_address).xor_peer_address(peer_v6); });
  EXPECT_EQ(answer.code(), 0);
  client.send_indication(peer_address, "one");
  client.send_indication(peer_v6, "two");
  EXPECT_EQ(bench.sent.size(), 2u);
}

TEST_F(RequestsTest, CreatePermissionTakesAllOrNone) {
  client.allocate();
  const Endpoint loopback = Endpoint::v4(127, 0, 0, 1, 5000);
  EXPECT_EQ(client.code_of(Method::create_permission,
                           [&](auto& b) { b.xor_peer_address(peer_address).xor_peer_address(loopback); }),
            403);
  EXPECT_EQ(client.code_of(Method::create_permission,
                           [&](auto& b) { b.xor_peer_address(peer_address).xor_peer_address(peer_v6); }),
            443);
  const auto malformed = testing::hex("0009 1234 00000000");
  EXPECT_EQ(
      client.code_of(
          Method::create_permission,
          [&](auto& b) {
            b.xor_peer_address(peer_address).attribute(stun::AttributeType::xor_peer_address, malformed);
          }),
      400);
  client.send_indication(peer_address, "one");
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(RequestsTest, CreatePermissionNeedsAPeer) {
  client.allocate();
  EXPECT_EQ(client.code_of(Method::create_permission), 400);
}

TEST_F(RequestsTest, CreatePermissionHasALimit) {
  client.allocate();
  for (std::uint8_t i = 1; i <= 3; ++i) EXPECT_EQ(client.permit(Endpoint::v4(203, 0, 113, i, 1)), 0);
  EXPECT_EQ(client.permit(Endpoint::v4(203, 0, 113, 4, 1)), 508);
  EXPECT_EQ(client.permit(Endpoint::v4(203, 0, 113, 1, 9)), 0) << "a refresh needs no room";
  bench.advance(300s);
  EXPECT_EQ(client.permit(Endpoint::v4(203, 0, 113, 4, 1)), 0);
}

TEST_F(RequestsTest, CreatePermissionIsForbiddenForPrivatePeers) {
  client.allocate();
  for (const char* peer : {"10.0.0.1:1", "127.0.0.1:1", "169.254.169.254:80", "192.168.1.1:1", "224.0.0.1:1",
                           "255.255.255.255:1", "0.0.0.0:1", "100.64.0.1:1"}) {
    EXPECT_EQ(client.permit(*Endpoint::parse(peer)), 403) << peer;
  }
  EXPECT_EQ(bench.server.stats().forbidden_peers, 8u);
}

// ---- ChannelBind ---------------------------------------------------------------------------

TEST_F(RequestsTest, ChannelBindTakesNumbersOfItsRange) {
  client.allocate();
  EXPECT_EQ(client.bind(0x3fff, peer_address), 400);
  EXPECT_EQ(client.bind(0x8000, peer_address), 400);
  EXPECT_EQ(client.bind(0x4000, peer_address), 0);
  EXPECT_EQ(client.bind(0x7fff, Endpoint::v4(203, 0, 113, 10, 1)), 0) << "a client of RFC 5766";
}

TEST_F(RequestsTest, ChannelBindNeedsBothAttributes) {
  client.allocate();
  EXPECT_EQ(client.code_of(Method::channel_bind, [](auto& b) { b.channel_number(0x4000); }), 400);
  EXPECT_EQ(client.code_of(Method::channel_bind, [](auto& b) { b.xor_peer_address(peer_address); }), 400);
  EXPECT_EQ(client.bind(0x4000, {peer_address.address, 0}), 400);
}

TEST_F(RequestsTest, ChannelBindHoldsOnePeerToOneNumber) {
  client.allocate();
  EXPECT_EQ(client.bind(0x4000, peer_address), 0);
  EXPECT_EQ(client.bind(0x4000, peer_address), 0);
  EXPECT_EQ(client.bind(0x4001, peer_address), 400);
  EXPECT_EQ(client.bind(0x4000, Endpoint::v4(203, 0, 113, 9, 5001)), 400);
  bench.advance(599s);
  EXPECT_EQ(client.code_of(Method::refresh), 0);
  EXPECT_EQ(client.bind(0x4001, peer_address), 400);
  bench.advance(1s);
  EXPECT_EQ(client.bind(0x4001, peer_address), 0);
}

TEST_F(RequestsTest, ChannelBindHasALimit) {
  client.allocate();
  EXPECT_EQ(client.bind(0x4000, Endpoint::v4(203, 0, 113, 1, 1)), 0);
  EXPECT_EQ(client.bind(0x4001, Endpoint::v4(203, 0, 113, 2, 1)), 0);
  EXPECT_EQ(client.bind(0x4002, Endpoint::v4(203, 0, 113, 3, 1)), 508);
}

TEST_F(RequestsTest, ChannelBindAsksThePolicy) {
  client.allocate();
  EXPECT_EQ(client.bind(0x4000, Endpoint::v4(192, 168, 1, 1, 1)), 403);
  EXPECT_EQ(client.bind(0x4000, peer_v6), 443);
}

TEST_F(RequestsTest, ChannelBindMakesAPermission) {
  client.allocate();
  EXPECT_EQ(client.bind(0x4000, peer_address), 0);
  client.send_indication({peer_address.address, 77}, "to another port");
  EXPECT_EQ(bench.sent.size(), 1u);
}

TEST_F(RequestsTest, ChannelBindRefusesPortsOfThisHostThatRelayNothing) {
  const Endpoint own = client.allocate();
  EXPECT_EQ(client.bind(0x4000, {server_address, 3478}), 403) << "the server itself";
  EXPECT_EQ(client.bind(0x4000, {server_address, 22}), 403);
  EXPECT_EQ(client.bind(0x4000, own), 0) << "a relay, if only its own";
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
