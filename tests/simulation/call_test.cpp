#include "simulation/call.hpp"

#include <gtest/gtest.h>

#include <string>

#include "petrel/dtls/errc.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "simulation/film.hpp"
#include "simulation/seeds.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::CallConfig;
using testing::Film;
using testing::NatConfig;

TEST(Call, ConnectsOverAPerfectLine) {
  Call call(1);
  call.start();

  ASSERT_TRUE(call.connects_within(5s)) << explain(call.alice.peer->report(call.network.now()));

  EXPECT_EQ(call.bob.tracks.size(), 1u);
  EXPECT_EQ(call.alice.state(), ConnectionState::connected);
}

TEST(Call, ConnectsWithoutTrickle) {
  Call call(1, {.trickle = false});
  call.start();
  EXPECT_TRUE(call.connects_within(5s));
}

TEST(Call, ConnectsOverALineThatLosesAThird) {
  for (std::uint64_t seed = 0; seed < testing::seeds(100); ++seed) {
    Call call(seed, {.link = {.loss_percent = 30}});
    call.start();
    EXPECT_TRUE(call.connects_within(60s)) << "seed " << seed;
  }
}

TEST(Call, ConnectsOverALineThatReordersAndDuplicates) {
  for (std::uint64_t seed = 0; seed < testing::seeds(100); ++seed) {
    Call call(seed, {.link = {.jitter = 30ms, .duplicate_percent = 30, .reorder_percent = 30}});
    call.start();
    EXPECT_TRUE(call.connects_within(30s)) << "seed " << seed;
  }
}

// Bob's checks open his NAT; Alice, who is reachable, learns his address from them.
TEST(Call, ConnectsWhenOneSideIsBehindANat) {
  for (const NatConfig& nat :
       {NatConfig::full_cone(), NatConfig::port_restricted(), NatConfig::symmetric()}) {
    CallConfig config;
    config.bob_nat = nat;
    Call call(1, config);
    call.start();
    EXPECT_TRUE(call.connects_within(20s));
  }
}

TEST(Call, IsTheSameForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    Call call(seed, {.link = {.jitter = 5ms, .loss_percent = 10}});
    Film film(call);
    call.start();
    call.connects_within(30s);
    film.start(60);
    call.network.run_for(5s);
    return call.network.trace_hash();
  };

  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

// One packet of the set-up is lost, each in turn: nothing in it may be indispensable.
TEST(Call, ConnectsWhicheverSinglePacketIsLost) {
  std::uint64_t packets = 0;
  {
    Call good(3);
    good.start();
    ASSERT_TRUE(good.connects_within(5s));
    packets = good.network.stats().sent;
  }
  ASSERT_GT(packets, 8u);
  for (std::uint64_t lost = 0; lost < packets; ++lost) {
    Call call(3);
    call.network.set_tap(
        [lost](std::uint64_t index, const auto&) { return testing::Fate{.drop = index == lost}; });
    call.start();
    EXPECT_TRUE(call.connects_within(10s)) << "without packet " << lost;
  }
}

TEST(Call, ConnectsWhicheverSinglePacketComesTwiceOrLate) {
  for (std::uint64_t which = 0; which < 30; ++which) {
    for (const testing::Fate fate : {testing::Fate{.copies = 2}, testing::Fate{.delay = 200ms}}) {
      Call call(3);
      call.network.set_tap(
          [&](std::uint64_t index, const auto&) { return index == which ? fate : testing::Fate{}; });
      call.start();
      EXPECT_TRUE(call.connects_within(10s)) << "packet " << which;
    }
  }
}

// A browser that is told of one SSRC and hears another decodes a stream that no element shows.
TEST(Call, SendsFromTheSsrcThatTheDescriptionAnnounces) {
  Call call(1);
  Film film(call);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));
  film.start(1);
  call.network.run_for(1s);

  const PeerStats stats = call.alice.peer->stats();
  ASSERT_EQ(stats.rtp.outbound.size(), 1u);
  EXPECT_GT(stats.rtp.outbound[0].packets_sent, 0u);
  const std::string line = "a=ssrc:" + std::to_string(stats.rtp.outbound[0].ssrc.value) + " ";
  EXPECT_NE(call.alice.peer->local_description()->sdp.find(line), std::string::npos);
}

TEST(Call, EndsOnBothSidesWhenOneCloses) {
  Call call(1);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));

  call.alice.peer->close(call.network.now());
  call.network.run_for(1s);

  EXPECT_EQ(call.alice.state(), ConnectionState::closed);
  EXPECT_EQ(call.bob.state(), ConnectionState::closed);
  ASSERT_FALSE(call.bob.states.empty());
  EXPECT_EQ(call.bob.states.back().reason, PeerErrc::peer_closed);
}

// Alice answers checks before she has the answer, so that a pair of Bob's works long before.
TEST(Call, ConnectsWhenDescriptionsAreCarriedByHand) {
  for (std::uint64_t seed = 0; seed < testing::seeds(20); ++seed) {
    Call call(seed,
              {.link = {.loss_percent = seed % 2 == 0 ? 0.0 : 20.0}, .signalling = 90s, .trickle = false});
    call.start();
    EXPECT_TRUE(call.connects_within(240s)) << "seed " << seed;
    EXPECT_LT(call.network.now(), TimePoint(200s)) << "seed " << seed;
  }
}

// Nothing of Alice's DTLS arrives from when she is done: Bob is never done, and she cannot see that.
TEST(Call, AHandshakeThatFailsForOneSideEndsTheCallForTheOther) {
  Call call(1);
  call.network.set_tap([&call](std::uint64_t, const auto& packet) {
    const Bytes bytes = packet.payload.bytes();
    const bool is_dtls = !bytes.empty() && std::to_integer<int>(bytes.front()) >= 20 &&
                         std::to_integer<int>(bytes.front()) < 64;
    const bool from_alice =
        packet.source == call.alice.peer->stats().pair.value_or(ice::SelectedPair{}).local.endpoint;
    return testing::Fate{.drop = is_dtls && from_alice && call.alice.connected()};
  });
  call.start();
  ASSERT_TRUE(call.network.run_until([&] { return call.bob.state() == ConnectionState::failed; }, 60s));
  EXPECT_EQ(call.bob.states.back().reason, dtls::Errc::handshake_timeout);
  ASSERT_TRUE(call.alice.connected());
  EXPECT_TRUE(call.network.run_until([&] { return call.alice.state() == ConnectionState::failed; }, 31s));
  EXPECT_EQ(call.alice.states.back().reason, PeerErrc::consent_expired);
  EXPECT_EQ(call.bob.states.back().reason, dtls::Errc::handshake_timeout);
}

}  // namespace
}  // namespace petrel::inline v0
