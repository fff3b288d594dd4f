// draft-thatcher-ice-renomination: the selected pair changes while data flows, without a restart.

#include <gtest/gtest.h>

#include "ice/check.hpp"
#include "ice/pair_watch.hpp"
#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::LinkConfig;
using testing::alice_ip;
using testing::bob_ip;
using testing::Couple;
using testing::HostId;
using testing::Network;
using testing::Party;
using testing::SeededRandom;

const IpAddress alice_wlan = IpAddress::v4(198, 51, 100, 5);

AgentConfig renominating() { return {.renomination = true}; }

/// Alice has two interfaces, the first of them the better one, and may be either side of ICE.
struct TwoWays {
  explicit TwoWays(std::uint64_t seed, bool alice_controls = true, double loss_percent = 0,
                   bool both_understand = true, AgentConfig config = renominating())
      : network(seed, {.latency = 10ms, .loss_percent = loss_percent}),
        alice_host(network.add_host({.name = "alice", .addresses = {alice_ip}})),
        bob_host(network.add_host({.name = "bob", .addresses = {bob_ip}})) {
    network.add_interface(alice_host, {.name = "wlan",
                                       .addresses = {alice_wlan},
                                       .uplink = LinkConfig{.latency = 70ms, .loss_percent = loss_percent}});
    const std::vector<IpAddress> two{alice_ip, alice_wlan};
    const std::vector<IpAddress> one{bob_ip};
    couple = std::make_unique<Couple>(network, alice_controls ? alice_host : bob_host,
                                      alice_controls ? two : one, alice_controls ? bob_host : alice_host,
                                      alice_controls ? one : two, config, config);
    for (Party* party : {&couple->alice, &couple->bob}) {
      party->agent().set_remote_renomination(network.now(), party->stream(), both_understand);
    }
    couple->exchange_everything();
  }
  bool connects() {
    return network.run_until([&] { return couple->are_completed(); }, 30s);
  }
  Endpoint remote_of(Party& party) { return party.agent().selected(party.stream())->remote.endpoint; }
  // The way that both sides use: an address of alice's, or nullopt while they disagree.
  std::optional<IpAddress> way() {
    const auto first = couple->alice.agent().selected(couple->alice.stream());
    const auto second = couple->bob.agent().selected(couple->bob.stream());
    if (!first || !second || first->local.endpoint != second->remote.endpoint) return std::nullopt;
    const IpAddress address = first->local.endpoint.address;
    return address == bob_ip ? first->remote.endpoint.address : address;
  }
  bool moves_to(const IpAddress& address, Duration limit) {
    return network.run_until([&] { return way() == address; }, limit);
  }
  void make_first_way(Duration latency, double loss_percent = 0) {
    network.uplink(alice_host).reconfigure({.latency = latency, .loss_percent = loss_percent});
    network.downlink(alice_host).reconfigure({.latency = 0ms, .loss_percent = loss_percent});
  }
  std::uint64_t renominations() { return couple->alice.agent().stats().renominations; }

  Network network;
  HostId alice_host;
  HostId bob_host;
  std::unique_ptr<Couple> couple;
};

TEST(Renomination, MovesToABetterWayWhileTheFirstStillWorks) {
  for (const bool alice_controls : {true, false}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      TwoWays ways(seed, alice_controls, seed % 2 == 0 ? 0 : 10);
      ASSERT_TRUE(ways.connects()) << seed;
      ASSERT_TRUE(ways.moves_to(alice_ip, 30s)) << seed;
      ways.make_first_way(500ms);
      EXPECT_TRUE(ways.moves_to(alice_wlan, 40s)) << seed;
      EXPECT_EQ(ways.couple->alice.state(), State::completed);
      // And back, once the first way is the better one again.
      ways.make_first_way(1ms);
      EXPECT_TRUE(ways.moves_to(alice_ip, 60s)) << seed;
      EXPECT_GE(ways.renominations(), 2u);
    }
  }
}

TEST(Renomination, LeavesAWayThatIsCutBeforeItIsCalledLost) {
  for (const bool alice_controls : {true, false}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      TwoWays ways(seed, alice_controls, seed % 2 == 0 ? 0 : 10);
      ASSERT_TRUE(ways.connects()) << seed;
      ASSERT_TRUE(ways.moves_to(alice_ip, 30s)) << seed;
      ways.network.run_for(7s);
      ways.make_first_way(10ms, 100);
      EXPECT_TRUE(ways.moves_to(alice_wlan, 15s)) << seed;
      if (seed % 2 != 0) continue;
      for (const State state : ways.couple->alice.states()) EXPECT_NE(state, State::disconnected) << seed;
    }
  }
}

TEST(Renomination, TakesAnInterfaceThatComesUp) {
  TwoWays ways(1);
  ASSERT_TRUE(ways.connects());
  ways.make_first_way(300ms);
  const IpAddress third = IpAddress::v4(198, 51, 100, 9);
  ways.network.add_interface(ways.alice_host,
                             {.name = "usb", .addresses = {third}, .uplink = LinkConfig{.latency = 1ms}});
  std::vector<LocalAddress> up;
  for (const IpAddress& address : {alice_ip, alice_wlan, third}) up.push_back({address, "eth0"});
  ways.couple->alice.agent().handle_interfaces(ways.network.now(), up);
  EXPECT_TRUE(ways.moves_to(third, 40s));
}

TEST(Renomination, StaysWhereItIsWhileNothingChanges) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TwoWays ways(seed, true, 10);
    ASSERT_TRUE(ways.connects()) << seed;
    ways.network.run_for(10s);
    const std::uint64_t before = ways.renominations();
    ways.network.run_for(300s);
    // 10 % of loss leaves two questions in a row without an answer now and then.
    EXPECT_LE(ways.renominations(), before + 4) << seed;
  }
}

TEST(Renomination, IsNotUsedUnlessBothHaveIt) {
  for (const bool configured : {true, false}) {
    TwoWays ways(1, true, 0, !configured, AgentConfig{.renomination = configured});
    ASSERT_TRUE(ways.connects());
    ASSERT_TRUE(ways.moves_to(alice_ip, 30s));
    ways.make_first_way(500ms);
    ways.network.run_for(60s);
    EXPECT_EQ(ways.way(), alice_ip);
    EXPECT_EQ(ways.renominations(), 0u);
  }
}

/// A controlled agent, whose peer the test plays.
class RenominationTest : public ::testing::Test {
 protected:
  RenominationTest() {
    stream = agent.add_stream(now);
    const LocalAddress local{us.address, "eth0"};
    agent.handle_interfaces(now, {&local, 1});
    agent.gather(now);
    agent.handle_flow(now, FlowId{1}, FlowOpened{us});
    agent.set_remote_credentials(now, stream, theirs, false).value();
  }
  // The peer checks from there, and answers whatever it is asked.
  void nominate(const Endpoint& from, std::optional<std::uint32_t> number, bool use_candidate) {
    const Credentials& ours = agent.local_credentials(stream);
    crypto::HmacSha1Key key(as_bytes(ours.password));
    const CheckContent content{.id = random.bytes<12>(),
                               .priority = 1862270975,
                               .role = Role::controlling,
                               .use_candidate = use_candidate,
                               .nomination = number};
    receive(make_check(content, {theirs, ours, key}).value(), from);
    for (int round = 0; round < 10; ++round) {
      while (const auto sent = agent.poll_transmit()) {
        const auto message = stun::MessageView::parse(sent->payload.bytes()).value();
        if (message.message_class() != stun::Class::request) continue;
        crypto::HmacSha1Key their_key(as_bytes(theirs.password));
        receive(make_success(message.id(), us, their_key).value(), sent->destination);
      }
      now += 50ms;
      agent.handle_timeout(now);
    }
  }
  void receive(const PacketBuffer& packet, const Endpoint& from) {
    EXPECT_TRUE(agent.handle_datagram(now, {FlowId{1}, from, us, packet.bytes()}));
  }
  std::optional<Endpoint> current() {
    const auto pair = agent.selected(stream);
    return pair ? std::optional(pair->remote.endpoint) : std::nullopt;
  }

  const Credentials theirs{"them", "abcdefghijklmnopqrstuv"};
  const Endpoint us{bob_ip, 1000};
  const Endpoint first{alice_ip, 2000};
  const Endpoint second{alice_wlan, 2000};
  TimePoint now{};
  SeededRandom random{1};
  Agent agent{now, {.role = Role::controlled, .renomination = true}, random};
  StreamId stream;
};

TEST_F(RenominationTest, FollowsTheHighestNumber) {
  agent.set_remote_renomination(now, stream, true);
  nominate(first, 1, true);
  EXPECT_EQ(current(), first);
  nominate(second, 3, true);
  EXPECT_EQ(current(), second);
  nominate(first, 2, true);
  EXPECT_EQ(current(), second) << "it was overtaken on the way";
  nominate(first, 4, false);
  EXPECT_EQ(current(), first) << "libwebrtc sends the number without USE-CANDIDATE";
  nominate(second, std::nullopt, false);
  EXPECT_EQ(current(), first) << "a check that nominates nothing";
}

TEST_F(RenominationTest, TakesNoNumbersFromWhoDidNotSayThatItHasThem) {
  nominate(first, 1, true);
  ASSERT_EQ(current(), first);
  nominate(second, 2, false);
  EXPECT_EQ(current(), first);
}

TEST_F(RenominationTest, ReadsNumbersOfFourBytesOnly) {
  for (const std::size_t size : {0u, 3u, 4u, 5u, 8u}) {
    const std::vector<std::byte> value(size, std::byte{1});
    stun::Builder builder(stun::Class::request, stun::Method::binding, random.bytes<12>());
    const auto packet = builder.attribute(nomination_attribute, value).finish().value();
    const auto number = nomination_of(stun::MessageView::parse(packet.bytes()).value());
    EXPECT_EQ(number, size == 4 ? std::optional(0x01010101u) : std::nullopt);
  }
}

}  // namespace
}  // namespace petrel::inline v0::ice
