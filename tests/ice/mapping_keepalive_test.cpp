#include "ice/mapping_keepalive.hpp"

#include <gtest/gtest.h>

#include "ice/fake_stun_server.hpp"
#include "ice/party.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::NatConfig;
using testing::Couple;
using testing::FakeStunServer;
using testing::HostId;
using testing::Network;
using testing::SeededRandom;

const Endpoint server = Endpoint::v4(198, 51, 100, 1, 3478);
constexpr FlowId flow{1};

struct Keeper {
  SeededRandom random{1};
  Shared shared{{}, random};
  MappingKeepalive keepalive{shared};

  std::size_t sent_at(TimePoint now) {
    shared.now = now;
    keepalive.handle_timeout();
    const std::size_t sent = shared.transmits.size();
    shared.transmits.clear();
    return sent;
  }
};

TEST(MappingKeepalive, RepeatsEveryFifteenSeconds) {
  Keeper keeper;
  EXPECT_EQ(keeper.keepalive.next_timeout(), std::nullopt);
  keeper.keepalive.keep(flow, server);
  EXPECT_EQ(keeper.keepalive.next_timeout(), TimePoint(15s));

  keeper.shared.now = TimePoint(15s - 1ns);
  keeper.keepalive.handle_timeout();
  EXPECT_TRUE(keeper.shared.transmits.empty());
  keeper.shared.now = TimePoint(15s);
  keeper.keepalive.handle_timeout();
  ASSERT_EQ(keeper.shared.transmits.size(), 1u);
  const Transmit& sent = keeper.shared.transmits.front();
  EXPECT_EQ(sent.flow, flow);
  EXPECT_EQ(sent.destination, server);
  const auto message = stun::MessageView::parse(sent.payload.bytes());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), stun::Class::indication);
  EXPECT_EQ(message->method(), stun::Method::binding);
  EXPECT_EQ(keeper.keepalive.next_timeout(), TimePoint(30s));
  EXPECT_EQ(keeper.shared.stats.keepalives_sent, 1u);
}

TEST(MappingKeepalive, KeepsEachMappingOnceAndForgetsWithItsSocket) {
  Keeper keeper;
  keeper.keepalive.keep(flow, server);
  keeper.keepalive.keep(flow, server);
  keeper.keepalive.keep(FlowId{2}, server);
  EXPECT_EQ(keeper.sent_at(TimePoint(15s)), 2u);
  keeper.keepalive.forget(FlowId{2});
  EXPECT_EQ(keeper.sent_at(TimePoint(30s)), 1u);
  keeper.keepalive.forget(flow);
  EXPECT_EQ(keeper.keepalive.next_timeout(), std::nullopt);
}

TEST(MappingKeepalive, RestsWhileNobodyWaits) {
  Keeper keeper;
  keeper.keepalive.keep(flow, server);
  keeper.keepalive.set_needed(false);
  EXPECT_EQ(keeper.keepalive.next_timeout(), std::nullopt);
  keeper.shared.now = TimePoint(100s);
  keeper.keepalive.set_needed(true);
  EXPECT_EQ(keeper.keepalive.next_timeout(), TimePoint(115s));
}

// Two people behind NATs that forget after 30 s paste descriptions to each other.
TEST(MappingKeepalive, LetsTenMinutesPassBetweenOfferAndAnswer) {
  Network network(1);
  const IpAddress alice_ip = IpAddress::v4(192, 168, 0, 2), bob_ip = IpAddress::v4(192, 168, 1, 2);
  NatConfig forgetful = NatConfig::port_restricted();
  forgetful.lifetime = 30s;
  const HostId alice_host =
      network.add_host({.name = "alice",
                        .addresses = {alice_ip},
                        .site = network.add_nat(forgetful, {IpAddress::v4(203, 0, 113, 1)})});
  const HostId bob_host =
      network.add_host({.name = "bob",
                        .addresses = {bob_ip},
                        .site = network.add_nat(forgetful, {IpAddress::v4(203, 0, 113, 2)})});
  const HostId server_host = network.add_host({.name = "server", .addresses = {server.address}});
  FakeStunServer stun_server(server.address);
  network.attach(server_host, stun_server);
  const AgentConfig config{.stun_servers = {{"198.51.100.1"}}};
  {
    Couple couple(network, alice_host, {alice_ip}, bob_host, {bob_ip}, config, config);
    couple.alice.gather();
    couple.bob.gather();
    ASSERT_TRUE(network.run_until([&] { return couple.alice.gathered() && couple.bob.gathered(); }, 2s));

    network.run_for(10min);
    couple.exchange_everything();

    EXPECT_TRUE(network.run_until([&] { return couple.are_completed(); }, 5s));
    EXPECT_EQ(couple.alice.agent().selected(couple.alice.stream())->local.type,
              CandidateType::server_reflexive);
    const std::uint64_t sent = couple.alice.agent().stats().keepalives_sent;
    EXPECT_EQ(sent, 40u);
    network.run_for(10min);
    EXPECT_EQ(couple.alice.agent().stats().keepalives_sent, sent) << "consent does that work now";
  }
  network.detach(&stun_server);
}

}  // namespace
}  // namespace petrel::inline v0::ice
