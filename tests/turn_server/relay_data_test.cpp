#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

struct RelayDataTest : ::testing::Test {
  RelayDataTest() {
    relayed = client.allocate();
    flow = bench.flow_at(relayed.port);
  }
  void from_peer(std::string_view text, const Endpoint& peer = peer_address) {
    bench.receive(flow, peer, as_bytes(text));
  }
  ServerBench bench;
  ScriptedClient client{bench};
  Endpoint relayed;
  FlowId flow;
};

TEST_F(RelayDataTest, SendsAnIndicationsDataToThePeer) {
  client.permit(peer_address);
  client.send_indication(peer_address, "hello");
  const auto sent = bench.take().value();
  EXPECT_EQ(sent.flow, flow);
  EXPECT_EQ(sent.destination, peer_address);
  EXPECT_EQ(as_text(sent.bytes), "hello");
  EXPECT_EQ(bench.server.stats().packets_to_peers, 1u);
  EXPECT_EQ(bench.server.stats().bytes_to_peers, 5u);
}

TEST_F(RelayDataTest, WrapsAPeersPacketInAnIndication) {
  client.permit(peer_address);
  for (const std::string_view text : {"", "1", "22", "333", "4444", "55555"}) {
    from_peer(text);
    const auto sent = bench.take().value();
    EXPECT_EQ(sent.flow, first_listener);
    EXPECT_EQ(sent.destination, client_address);
    const auto indication = stun::MessageView::parse(sent.bytes);
    ASSERT_TRUE(indication) << text;
    EXPECT_EQ(indication->message_class(), stun::Class::indication);
    EXPECT_EQ(indication->method(), Method::data);
    EXPECT_EQ(indication->xor_peer_address(), peer_address);
    EXPECT_EQ(as_text(indication->data().value()), text);
  }
}

TEST_F(RelayDataTest, UsesAChannelBothWays) {
  client.bind(0x4001, peer_address);
  client.send_channel(0x4001, "hello");
  const auto out = bench.take().value();
  EXPECT_EQ(out.destination, peer_address);
  EXPECT_EQ(as_text(out.bytes), "hello");

  from_peer("answer");
  const auto in = bench.take().value();
  EXPECT_EQ(in.bytes, testing::hex("4001 0006 616e73776572")) << "no padding over UDP";
  from_peer("x", {peer_address.address, 1});
  EXPECT_TRUE(stun::MessageView::parse(bench.take()->bytes)) << "the channel is of one port";
}

TEST_F(RelayDataTest, CarriesFullPacketsAndDropsLongerOnes) {
  client.bind(0x4000, peer_address);
  const std::string full(PacketBuffer::capacity, 'x');
  from_peer(full);
  EXPECT_EQ(bench.take()->bytes.size(), full.size() + 4);
  from_peer(full + "y");
  EXPECT_TRUE(bench.sent.empty());
  from_peer(full, {peer_address.address, 1});
  EXPECT_EQ(bench.take()->bytes.size(), full.size() + 36) << "an indication, in the headroom";
  EXPECT_EQ(bench.server.stats().packets_dropped, 1u);
}

TEST_F(RelayDataTest, KeepsPeersOutWithoutAPermission) {
  from_peer("knock");
  EXPECT_TRUE(bench.sent.empty());
  client.permit(peer_address);
  from_peer("knock");
  EXPECT_EQ(bench.sent.size(), 1u);
  bench.sent.clear();
  from_peer("knock", Endpoint::v4(203, 0, 113, 10, 5000));
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.server.stats().packets_without_permission, 2u);
}

TEST_F(RelayDataTest, SendsNothingWithoutAPermission) {
  client.send_indication(peer_address, "hello");
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(RelayDataTest, EndsWithThePermission) {
  client.permit(peer_address);
  bench.advance(300s - 1ns);
  client.send_indication(peer_address, "hello");
  from_peer("hello");
  EXPECT_EQ(bench.sent.size(), 2u);
  bench.sent.clear();
  bench.advance(1ns);
  client.send_indication(peer_address, "hello");
  from_peer("hello");
  EXPECT_TRUE(bench.sent.empty());
}

// RFC 8656 12: a channel lives twice as long as the permission that it made.
TEST_F(RelayDataTest, UsesNoChannelWithoutAPermission) {
  client.bind(0x4000, peer_address);
  bench.advance(300s);
  client.send_channel(0x4000, "hello");
  EXPECT_TRUE(bench.sent.empty());
  client.permit(peer_address);
  client.send_channel(0x4000, "hello");
  EXPECT_EQ(bench.sent.size(), 1u);
}

TEST_F(RelayDataTest, EndsAtTheVeryInstantOfTheAllocation) {
  client.code_of(Method::refresh);
  client.permit(peer_address);
  bench.now += 300s - 1ns;
  client.permit(peer_address);
  bench.now += 300s - 1ns;  // Two before the end, without handle_timeout().
  client.send_indication(peer_address, "hello");
  EXPECT_EQ(bench.sent.size(), 1u);
  bench.sent.clear();
  bench.now += 2ns;
  client.send_indication(peer_address, "hello");
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(RelayDataTest, DropsIndicationsThatAreNotWhole) {
  client.permit(peer_address);
  const auto send = [&](const ScriptedClient::Fill& fill) {
    stun::Builder builder(stun::Class::indication, Method::send, client.next_id());
    fill(builder);
    bench.receive(first_listener, client_address, builder.finish({.fingerprint = false}).value().bytes());
  };
  send([](auto& b) { b.xor_peer_address(peer_address); });
  send([](auto& b) { b.data(as_bytes("x")); });
  send([](auto& b) { b.xor_peer_address(peer_address).data(as_bytes("x")).dont_fragment(); });
  send([](auto& b) {
    b.xor_peer_address(peer_address).data(as_bytes("x")).attribute(stun::AttributeType{0x7fff}, {});
  });
  send([](auto& b) { b.xor_peer_address({peer_address.address, 0}).data(as_bytes("x")); });
  EXPECT_TRUE(bench.sent.empty());
  send([](auto& b) { b.xor_peer_address(peer_address).data({}); });
  EXPECT_EQ(bench.sent.size(), 1u) << "an empty packet is a packet";
}

TEST_F(RelayDataTest, KnowsItsClientsByTheirAddressAndPort) {
  client.bind(0x4000, peer_address);
  ScriptedClient other(bench, Endpoint::v4(198, 51, 100, 7, 40001));
  other.send_channel(0x4000, "hello");
  other.send_indication(peer_address, "hello");
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.server.stats().unexpected, 2u);
}

TEST_F(RelayDataTest, DropsDataThatNobodyTakesAwayAndStaysWithinItsBounds) {
  client.bind(0x4000, peer_address);
  PacketBuffer packet = PacketBuffer::copy_of(as_bytes("hello")).value();
  turn::prepend_channel_data(packet, 0x4000, false);
  for (int i = 0; i < 10'000; ++i) {
    bench.server.handle_datagram(bench.now, {first_listener, client_address, {}, packet.bytes()});
    bench.server.handle_datagram(bench.now, {flow, peer_address, {}, as_bytes("hello")});
  }
  std::size_t queued = 0;
  while (bench.server.poll_transmit()) ++queued;
  EXPECT_EQ(queued, 4096u);
  EXPECT_EQ(bench.server.stats().packets_dropped, 20'000u - queued);
}

// ---- Two clients of one server -------------------------------------------------------------

TEST_F(RelayDataTest, LeadsFromRelayToRelay) {
  ScriptedClient other(bench, Endpoint::v4(198, 51, 100, 8, 1));
  const Endpoint other_relayed = other.allocate();
  EXPECT_EQ(client.permit(other_relayed), 0);
  EXPECT_EQ(other.permit(relayed), 0);
  client.send_indication(other_relayed, "hello");
  const auto sent = bench.take().value();
  EXPECT_EQ(sent.destination, other_relayed);
  bench.receive(bench.flow_at(other_relayed.port), relayed, sent.bytes);
  EXPECT_EQ(bench.take()->destination, other.at());
}

TEST_F(RelayDataTest, LeadsToNothingElseOnThisHost) {
  EXPECT_EQ(client.permit({server_address, 3478}), 0) << "permissions have no ports";
  client.send_indication({server_address, 3478}, "hello");
  client.send_indication({server_address, 22}, "hello");
  from_peer("hello", {server_address, 53});
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(bench.server.stats().forbidden_peers, 3u);
}

TEST(RelayBehindNat, TellsTheAddressOutsideAndUsesTheOneInside) {
  const IpAddress inside = IpAddress::v4(10, 0, 0, 5);
  const IpAddress outside = IpAddress::v4(192, 0, 2, 99);
  ServerConfig config = test_config();
  config.relay_addresses = {{inside, outside}};
  ServerBench bench(config);
  ScriptedClient client(bench);
  ScriptedClient other(bench, Endpoint::v4(198, 51, 100, 8, 1));
  const Endpoint relayed = client.allocate();
  const Endpoint other_relayed = other.allocate();
  EXPECT_EQ(relayed.address, outside);
  EXPECT_EQ(bench.bound.at(bench.flow_at(relayed.port)).address, inside);

  // No NAT has to lead packets back in.
  client.permit(other_relayed);
  other.permit(relayed);
  client.send_indication(other_relayed, "hello");
  EXPECT_EQ(bench.take()->destination, (Endpoint{inside, other_relayed.port}));
  bench.receive(bench.flow_at(other_relayed.port), {inside, relayed.port}, as_bytes("hello"));
  const auto received = bench.take().value();
  EXPECT_EQ(stun::MessageView::parse(received.bytes)->xor_peer_address(), relayed);
  EXPECT_EQ(client.permit({inside, 22}), 0);
  client.send_indication({inside, 22}, "hello");
  EXPECT_TRUE(bench.sent.empty());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
