// Agents that are lite, and agents whose network changes under them.

#include <gtest/gtest.h>

#include "ice/party.hpp"
#include "petrel/ice/agent.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using testing::alice_ip;
using testing::bob_ip;
using testing::Couple;
using testing::HostId;
using testing::Lan;
using testing::Network;
using testing::SeededRandom;

PacketBuffer packet(std::string_view text) { return PacketBuffer::copy_of(as_bytes(text)).value(); }

// ---- Lite ---------------------------------------------------------------------------------

struct WithLiteBob : Lan {
  WithLiteBob() : Lan(1, {.latency = std::chrono::milliseconds(1)}, {}, {.lite = true}) {
    alice.introduce_to(bob);
    bob.introduce_to(alice, true);
    alice.trickle_to(bob);
    bob.trickle_to(alice);
    alice.gather();
    bob.gather();
  }
};

TEST(LiteAgent, IsConnectedByThePeersChecksAlone) {
  WithLiteBob lan;
  ASSERT_TRUE(lan.completes_within(1s));
  EXPECT_EQ(lan.bob.agent().stats().checks_sent, 0u);
  EXPECT_EQ(lan.bob.agent().role(), Role::controlled);
  lan.network.run_for(5min);
  EXPECT_TRUE(lan.couple.are_completed());
  EXPECT_TRUE(lan.bob.agent().send(lan.network.now(), lan.bob.stream(), packet("data")));
}

TEST(LiteAgent, NeverControlsWhateverItIsTold) {
  WithLiteBob lan;
  lan.bob.agent().set_role({}, Role::controlling);
  lan.alice.agent().set_role({}, Role::controlled);  // Bob's 487 puts it right.
  ASSERT_TRUE(lan.completes_within(1s));
  EXPECT_EQ(lan.bob.agent().role(), Role::controlled);
  EXPECT_EQ(lan.alice.agent().role(), Role::controlling);
}

TEST(LiteAgent, NoticesThatThePeerIsGoneByItsSilence) {
  WithLiteBob lan;
  ASSERT_TRUE(lan.completes_within(1s));
  lan.network.uplink(lan.alice_host).reconfigure({.loss_percent = 100});
  lan.network.run_for(7s);
  EXPECT_EQ(lan.bob.state(), State::completed);
  lan.network.run_for(8s);
  EXPECT_EQ(lan.bob.state(), State::disconnected);
  lan.network.run_for(20s);
  EXPECT_EQ(lan.bob.state(), State::failed);
  EXPECT_FALSE(lan.bob.agent().send(lan.network.now(), lan.bob.stream(), packet("data")));
}

// ---- Consent is withdrawn -------------------------------------------------------------------

TEST(Agent, ThatWithdrawsConsentLosesItsPeersWithinThirtySeconds) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  Agent& alice = lan.alice.agent();
  EXPECT_TRUE(alice.is_heard(lan.alice.stream()));
  alice.withdraw_consent(lan.network.now(), lan.alice.stream());
  EXPECT_EQ(lan.alice.state(), State::failed);
  EXPECT_FALSE(alice.send(lan.network.now(), lan.alice.stream(), packet("data")));
  const std::uint64_t sent = lan.network.stats().sent;
  EXPECT_TRUE(lan.network.run_until([&] { return lan.bob.state() == State::failed; }, 31s));
  lan.network.run_for(10s);
  EXPECT_LT(lan.network.stats().sent - sent, 40u) << "Bob's questions; they have no answers";
}

TEST(Agent, IsHeardOnceThePeerHasItsDescription) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.alice.trickle_to(lan.bob);
  lan.alice.gather();
  lan.bob.gather();
  lan.network.run_for(1s);
  // Alice answers what Bob asks, so that he has a pair; but she asks nothing herself.
  EXPECT_EQ(lan.bob.state(), State::connected);
  EXPECT_FALSE(lan.bob.agent().is_heard(lan.bob.stream()));
  EXPECT_TRUE(lan.alice.agent().is_heard(lan.alice.stream()));
  lan.bob.introduce_to(lan.alice);
  lan.network.run_for(1s);
  EXPECT_TRUE(lan.bob.agent().is_heard(lan.bob.stream()));
}

// ---- The network changes --------------------------------------------------------------------

// Alice has two interfaces; bob has one.
struct Roaming {
  explicit Roaming(Role alice_role)
      : alice_host(network.add_host({.name = "alice", .addresses = {alice_ip}})),
        bob_host(network.add_host({.name = "bob", .addresses = {bob_ip}})),
        couple(network, alice_host, {alice_ip}, bob_host, {bob_ip}, {}, {}) {
    couple.alice.agent().set_role({}, alice_role);
    couple.bob.agent().set_role({}, alice_role == Role::controlling ? Role::controlled : Role::controlling);
    couple.exchange_everything();
    completed = network.run_until([this] { return couple.are_completed(); }, 1s);
  }
  const IpAddress second_ip = IpAddress::v4(198, 51, 100, 7);
  Network network{1, {.latency = std::chrono::milliseconds(20)}};
  HostId alice_host;
  HostId bob_host;
  Couple couple;
  bool completed = false;
};

TEST(NetworkChange, MovesTheStreamToANewAddressWithoutARestart) {
  for (const Role role : {Role::controlling, Role::controlled}) {
    Roaming roaming(role);
    ASSERT_TRUE(roaming.completed);
    Network& network = roaming.network;
    network.add_address(roaming.alice_host, roaming.second_ip);
    network.run_for(1s);
    EXPECT_TRUE(roaming.couple.are_completed());
    EXPECT_EQ(roaming.couple.alice.candidates().size(), 2u) << "the new one is told";

    network.remove_address(roaming.alice_host, alice_ip);
    const TimePoint lost = network.now();
    const auto moved = [&] {
      const auto pair = roaming.couple.alice.agent().selected(roaming.couple.alice.stream());
      return pair && pair->local.endpoint.address == roaming.second_ip;
    };
    if (role == Role::controlling) {
      ASSERT_TRUE(network.run_until(moved, 1s));
      EXPECT_LT(network.now() - lost, 300ms);
      // Bob follows the nomination once his own check of the new pair is answered, and the old one is not.
      const auto followed = [&] {
        const auto pair = roaming.couple.bob.agent().selected(roaming.couple.bob.stream());
        return pair && pair->remote.endpoint.address == roaming.second_ip;
      };
      EXPECT_TRUE(network.run_until(followed, 1s));
      EXPECT_LT(network.now() - lost, 600ms);
    } else {
      // Bob nominates, once he has noticed that the old pair is quiet.
      EXPECT_TRUE(network.run_until(moved, 15s));
    }
    network.run_for(60s);
    EXPECT_TRUE(roaming.couple.are_completed());
  }
}

TEST(NetworkChange, LeavesAStreamAloneWhosePairStillWorks) {
  Roaming roaming(Role::controlling);
  ASSERT_TRUE(roaming.completed);
  roaming.network.add_address(roaming.alice_host, roaming.second_ip);
  roaming.network.run_for(1s);
  roaming.network.remove_address(roaming.alice_host, roaming.second_ip);
  roaming.network.run_for(60s);
  EXPECT_TRUE(roaming.couple.are_completed());
  EXPECT_EQ(roaming.couple.alice.selections().size(), 1u);
}

// ---- A port of several agents ---------------------------------------------------------------

using Ufrags = std::vector<std::string>;

// The next NameUfrags that the agent asks for, if there is one.
std::optional<Ufrags> named(Agent& agent) {
  while (const auto request = agent.poll_request()) {
    if (const auto* names = std::get_if<NameUfrags>(&*request)) return names->ufrags;
  }
  return std::nullopt;
}

struct OnPort {
  explicit OnPort(bool shared) {
    const LocalAddress up{alice_ip, "eth0"};
    agent.handle_interfaces({}, {&up, 1});
    agent.gather({});
    const auto bind = std::get<BindUdp>(agent.poll_request().value());
    EXPECT_TRUE(bind.may_share);
    agent.handle_flow({}, bind.flow, FlowOpened{.local = {alice_ip, 5000}, .shared = shared});
  }
  std::string ufrag() const { return agent.local_credentials(stream).ufrag; }

  SeededRandom random{1};
  Agent agent{{}, {}, random};
  StreamId stream = agent.add_stream({});
};

TEST(Agent, NamesItsUfragsWhereThePortIsSharedAndNowhereElse) {
  OnPort alone(false);
  EXPECT_EQ(named(alone.agent), std::nullopt);
  OnPort one(true);
  EXPECT_EQ(named(one.agent), Ufrags{one.ufrag()});
  one.agent.handle_timeout(TimePoint(1s));
  EXPECT_EQ(named(one.agent), std::nullopt) << "they are the same";
  const StreamId second = one.agent.add_stream({});
  EXPECT_EQ(named(one.agent), (Ufrags{one.ufrag(), one.agent.local_credentials(second).ufrag}));
}

TEST(Agent, NamesTheUfragOfARestartBeforeItIsAnswered) {
  OnPort one(true);
  const std::string before = one.ufrag();
  EXPECT_EQ(named(one.agent), Ufrags{before});
  const std::string next = one.agent.restart_credentials(one.stream).ufrag;
  EXPECT_EQ(named(one.agent), (Ufrags{before, next}));
  one.agent.restart({}, one.stream);
  EXPECT_EQ(one.ufrag(), next);
  EXPECT_EQ(named(one.agent), (Ufrags{next, before}));
  EXPECT_TRUE(one.agent.cancel_restart({}, one.stream));
  EXPECT_EQ(named(one.agent), Ufrags{before});
}

}  // namespace
}  // namespace petrel::inline v0::ice
