// Data that goes on by another pair when the selected one breaks.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

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

const IpAddress alice_wlan = IpAddress::v4(198, 51, 100, 5);

/// Alice has two interfaces, of which the first is preferred. Both sides send data every 20 ms.
struct TwoWays {
  explicit TwoWays(std::uint64_t seed, bool alice_controls, double loss_percent = 0, bool second_way = true,
                   AgentConfig config = {}, int dead_ways = 0)
      : loss(loss_percent),
        network(seed, {.latency = 10ms, .loss_percent = loss_percent}),
        alice_host(network.add_host({.name = "alice", .addresses = {alice_ip}})),
        bob_host(network.add_host({.name = "bob", .addresses = {bob_ip}})) {
    std::vector<IpAddress> hers{alice_ip};
    for (int i = 1; i <= dead_ways; ++i) {
      const IpAddress address = IpAddress::v4(203, 0, 113, static_cast<std::uint8_t>(i));
      network.add_interface(alice_host, {.name = "dead" + std::to_string(i),
                                         .addresses = {address},
                                         .uplink = LinkConfig{.loss_percent = 100},
                                         .downlink = LinkConfig{.loss_percent = 100}});
      hers.push_back(address);
    }
    if (second_way) {
      network.add_interface(alice_host,
                            {.name = "wlan",
                             .addresses = {alice_wlan},
                             .uplink = LinkConfig{.latency = 15ms, .loss_percent = loss_percent}});
      hers.push_back(alice_wlan);
    }
    const std::vector<IpAddress> his{bob_ip};
    couple = std::make_unique<Couple>(network, alice_controls ? alice_host : bob_host,
                                      alice_controls ? hers : his, alice_controls ? bob_host : alice_host,
                                      alice_controls ? his : hers, config, config);
    alice = alice_controls ? &couple->alice : &couple->bob;
    bob = alice_controls ? &couple->bob : &couple->alice;
    couple->exchange_everything();
    // Of a nomination over two such lines and back, at 30 % each, three quarters are lost.
    connected = network.run_until([this] { return couple->are_completed(); }, 60s);
    send();
    network.run_for(1s);
  }

  void send() {
    for (Party* party : {alice, bob}) {
      auto payload = PacketBuffer::copy_of(as_bytes("\x80 is what RTP begins with")).value();
      if (!party->agent().send(network.now(), party->stream(), std::move(payload))) ++refused;
    }
    network.after(20ms, [this] { send(); });
  }
  // Alice's address by which that party's data goes.
  static IpAddress way(Party& party) {
    const auto report = party.agent().report(party.stream());
    const auto& pairs = report.pairs;
    const auto carrier = std::ranges::find_if(pairs, &PairReport::selected);
    if (carrier == pairs.end()) return {};
    const IpAddress local = carrier->local.endpoint.address;
    return local == bob_ip ? carrier->remote.endpoint.address : local;
  }
  bool moves_to(Party& party, const IpAddress& address, Duration limit) {
    return network.run_until([&] { return way(party) == address; }, limit);
  }
  // To alice nothing arrives by the first way; nothing of hers is lost, unless she cannot be heard either.
  void cut(bool both_directions) {
    network.downlink(alice_host).reconfigure({.loss_percent = 100});
    if (both_directions) network.uplink(alice_host).reconfigure({.loss_percent = 100});
  }
  void mend() {
    network.downlink(alice_host).reconfigure({.latency = 0ms, .loss_percent = loss});
    network.uplink(alice_host).reconfigure({.latency = 10ms, .loss_percent = loss});
  }
  std::uint64_t failovers() const {
    return alice->agent().stats().failovers + bob->agent().stats().failovers;
  }

  double loss;
  Network network;
  HostId alice_host;
  HostId bob_host;
  std::unique_ptr<Couple> couple;
  Party* alice = nullptr;
  Party* bob = nullptr;
  bool connected = false;
  std::uint64_t refused = 0;
};

// As when a plug is pulled behind a router; and as when an interface goes down, whose packets the system then
// sends by another.
TEST(Failover, MovesDataWithinHalfASecondOfABreak) {
  for (const bool alice_controls : {true, false}) {
    for (const bool both_directions : {true, false}) {
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed) + (alice_controls ? ", alice controls" : "") +
                     (both_directions ? ", both directions" : ""));
        TwoWays ways(seed, alice_controls);
        ASSERT_TRUE(ways.connected);
        ASSERT_EQ(TwoWays::way(*ways.bob), alice_ip);
        ways.network.run_for(seed * 13ms);
        ways.cut(both_directions);
        EXPECT_TRUE(ways.moves_to(*ways.bob, alice_wlan, 550ms));
        EXPECT_TRUE(ways.moves_to(*ways.alice, alice_wlan, 1500ms));
        ways.network.run_for(1s);
        for (Party* party : {ways.alice, ways.bob}) {
          const auto selected = party->agent().selected(party->stream());
          ASSERT_TRUE(selected.has_value());
          EXPECT_TRUE(selected->local.endpoint.address == alice_wlan ||
                      selected->remote.endpoint.address == alice_wlan)
              << "the controlling side has nominated it, and the other follows";
        }
        ways.network.run_for(60s);
        EXPECT_EQ(TwoWays::way(*ways.bob), alice_wlan);
        EXPECT_EQ(TwoWays::way(*ways.alice), alice_wlan);
        EXPECT_TRUE(ways.couple->are_completed()) << "consent is that of the pair that works";
        EXPECT_EQ(ways.refused, 0u);
      }
    }
  }
}

// Docker, VPNs and the like: addresses that are preferred to the one that works, and lead nowhere.
TEST(Failover, FindsTheWayAmongManyThatLeadNowhere) {
  for (const bool alice_controls : {true, false}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(seed);
      TwoWays ways(seed, alice_controls, 0, true, {}, 5);
      ASSERT_TRUE(ways.connected);
      ways.network.run_for(60s);  // Checks of the dead ones are over, too.
      ways.cut(true);
      EXPECT_TRUE(ways.moves_to(*ways.bob, alice_wlan, 550ms));
      EXPECT_TRUE(ways.moves_to(*ways.alice, alice_wlan, 1500ms));
      ways.network.run_for(10s);
      EXPECT_EQ(ways.refused, 0u);
    }
  }
}

// The peer restarts ICE because its network has changed, and is slow to nominate: what it has answered by
// then carries data.
TEST(Failover, GoesToANewGenerationBeforeAnythingOfItIsNominated) {
  TwoWays ways(1, true);
  ASSERT_TRUE(ways.connected);
  ways.cut(true);
  ways.network.run_for(100ms);
  Agent& alice = ways.alice->agent();
  Agent& bob = ways.bob->agent();
  // Alice has told her new credentials and candidates, and does not know Bob's yet: she cannot nominate.
  alice.restart(ways.network.now(), ways.alice->stream());
  bob.restart(ways.network.now(), ways.bob->stream());
  ways.alice->introduce_to(*ways.bob);
  const auto carries_data = [&] {
    const auto pairs = bob.report(ways.bob->stream()).pairs;
    return std::ranges::any_of(pairs, [](const PairReport& pair) {
      return pair.remote.endpoint.address == alice_wlan && pair.packets_sent > 0 && !pair.nominated;
    });
  };
  EXPECT_TRUE(ways.network.run_until(carries_data, 800ms));
}

// The controlling side does not notice, or is slow: data goes back to what it has selected.
TEST(Failover, EndsWhenTheSelectedPairAnswersAgain) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    TwoWays ways(seed, true);
    // Of bob's questions and data nothing arrives for a second, which is what only he can see.
    ways.cut(false);
    ASSERT_TRUE(ways.moves_to(*ways.bob, alice_wlan, 550ms));
    ways.mend();
    ASSERT_TRUE(ways.moves_to(*ways.bob, TwoWays::way(*ways.alice), 3s));
    ways.network.run_for(30s);
    EXPECT_EQ(TwoWays::way(*ways.bob), TwoWays::way(*ways.alice));
    EXPECT_TRUE(ways.couple->are_completed());
  }
}

TEST(Failover, IsRareOnALineThatOnlyLosesMuch) {
  for (const double loss : {2.0, 10.0, 30.0}) {
    std::uint64_t failovers = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      TwoWays ways(seed, seed % 2 == 0, loss);
      ASSERT_TRUE(ways.connected) << seed;
      ways.network.run_for(60s);
      failovers += ways.failovers();
      EXPECT_TRUE(ways.couple->are_completed()) << seed;
      EXPECT_EQ(ways.refused, 0u) << seed;
    }
    EXPECT_LE(failovers, 10u) << loss << " %: ten minutes, two sides";
  }
}

TEST(Failover, AsksNothingMoreWhereThereIsNoOtherWay) {
  TwoWays one(1, true, 0, false);
  TwoWays two(1, true, 0, true);
  TwoWays off(1, true, 0, true, {.failover = false});
  const auto questions = [](TwoWays& ways) {
    const auto asked = [&] {
      std::uint64_t sum = 0;
      for (const PairReport& pair : ways.bob->agent().report(ways.bob->stream()).pairs)
        sum += pair.requests_sent;
      return sum;
    };
    const std::uint64_t before = asked();
    ways.network.run_for(20s);
    return asked() - before;
  };
  EXPECT_LE(questions(one), 5u);
  EXPECT_LE(questions(off), 5u);
  EXPECT_GE(questions(two), 90u);
}

TEST(Failover, ThatIsOffLeavesItToTheControllingSide) {
  TwoWays ways(1, true, 0, true, {.failover = false});
  ways.cut(false);
  EXPECT_FALSE(ways.moves_to(*ways.bob, alice_wlan, 3s));
  EXPECT_EQ(ways.failovers(), 0u);
}

}  // namespace
}  // namespace petrel::inline v0::ice
