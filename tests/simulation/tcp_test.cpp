// Whole calls over TCP candidates (RFC 6544): where UDP does not pass, and where TCP does not either.

#include <gtest/gtest.h>

#include <cstdio>

#include "petrel/peer/cause.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "simulation/call.hpp"
#include "simulation/film.hpp"
#include "simulation/seeds.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;
using ice::TcpCandidates;

constexpr int frames = 150;  // 5 s

struct Seen {
  int delivered = 0;
  int foreign = 0;  ///< A bit was wrong.
};

// Shows a film, from the first frame that follows.
Seen show(Call& call, Film& film, Duration extra = 3s) {
  const std::size_t before = call.bob.frames.size();
  film.start(film.sent() + film.refused() + frames);
  call.network.run_for(frames * Film::interval + extra);
  Seen seen;
  for (std::size_t i = before; i < call.bob.frames.size(); ++i) {
    ++(film.number_of(call.bob.frames[i]->bytes()) < 0 ? seen.foreign : seen.delivered);
  }
  return seen;
}

TransportProtocol protocol_of(Call::Side& side) { return side.peer->stats().pair.value().local.protocol; }

CallConfig blocked(bool bob_listens = true) {
  CallConfig config;
  config.alice_nat = NatConfig::udp_blocked();
  if (bob_listens) config.bob.ice_tcp = TcpCandidates::passive;
  return config;
}

TEST(TcpCall, CarriesAFilmOutOfANetworkWithoutUdp) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(20); ++seed) {
    Call call(seed, blocked());
    Film film(call);
    call.start();
    ASSERT_TRUE(call.connects_within(10s)) << call.network.report();
    const Seen seen = show(call, film);
    EXPECT_EQ(seen.delivered, frames) << "seed " << seed;
    EXPECT_EQ(seen.foreign, 0) << "seed " << seed;
    EXPECT_EQ(protocol_of(call.alice), TransportProtocol::tcp);
    const std::string why = explain(call.alice.peer->report(call.network.now()));
    EXPECT_NE(why.find("tcp active"), std::string::npos) << why;
  }
}

TEST(TcpCall, CarriesItIntoANetworkWithoutUdpToo) {
  CallConfig config;
  config.bob_nat = NatConfig::udp_blocked();
  config.alice.ice_tcp = TcpCandidates::both;
  Call call(1, config);
  Film film(call);
  call.start();
  ASSERT_TRUE(call.connects_within(10s));
  EXPECT_EQ(show(call, film).delivered, frames);
  EXPECT_EQ(protocol_of(call.bob), TransportProtocol::tcp);
}

TEST(TcpCall, LosesNothingThatIsNotOld) {
  const std::uint64_t calls = seeds(20);
  std::uint64_t delivered = 0;
  for (std::uint64_t seed = first_seed(); seed < first_seed() + calls; ++seed) {
    CallConfig config = blocked();
    config.link = {.latency = 20ms, .jitter = 5ms, .loss_percent = 5};
    Call call(seed, config);
    Film film(call);
    call.start();
    ASSERT_TRUE(call.connects_within(60s)) << call.network.report();
    const Seen seen = show(call, film, 10s);
    EXPECT_EQ(seen.foreign, 0) << "seed " << seed;
    // Where several segments in a row are lost, TCP waits, and what waits too long is dropped.
    EXPECT_GT(seen.delivered, frames / 3) << "seed " << seed;
    delivered += static_cast<std::uint64_t>(seen.delivered);
    EXPECT_TRUE(call.alice.connected() && call.bob.connected()) << "seed " << seed;
  }
  EXPECT_GT(delivered * 10, calls * frames * 7) << "over all seeds";
  std::printf("figure: TCP at 5 %% loss: %llu of %llu frames\n", static_cast<unsigned long long>(delivered),
              static_cast<unsigned long long>(calls * frames));
}

TEST(TcpCall, DropsWholePacketsWhereTheLineIsTooNarrow) {
  CallConfig config = blocked();
  config.link = {.latency = 20ms, .bits_per_second = 200'000, .queue = 500ms};
  Call call(1, config);
  Film film(call);
  call.start();
  ASSERT_TRUE(call.connects_within(30s));
  const Seen seen = show(call, film, 30s);
  EXPECT_EQ(seen.foreign, 0) << "nothing half-written";
  EXPECT_EQ(call.bob.peer->stats().dropped.srtp_unauthentic, 0u);
  EXPECT_EQ(call.bob.peer->stats().ice.tcp_frames_too_long, 0u);
}

TEST(TcpCall, UsesUdpWhereBothPass) {
  CallConfig config;
  config.bob.ice_tcp = TcpCandidates::passive;
  Call call(1, config);
  call.start();
  ASSERT_TRUE(call.connects_within(10s));
  call.network.run_for(5s);
  EXPECT_EQ(protocol_of(call.alice), TransportProtocol::udp);
}

TEST(TcpCall, EndsAsBeforeWhereNothingPasses) {
  CallConfig config = blocked();
  config.bob_nat = NatConfig::only_tcp_443();
  Call call(1, config);
  call.start();
  EXPECT_FALSE(call.connects_within(120s));
  EXPECT_EQ(call.alice.state(), ConnectionState::failed);
  EXPECT_EQ(call.alice.states.back().reason, PeerErrc::ice_failed);
}

TEST(TcpCall, GoesOnAfterItsConnectionIsCut) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(20); ++seed) {
    CallConfig config = blocked();
    config.link = {.latency = 20ms, .loss_percent = seed % 2 == 0 ? 0.0 : 3.0};
    Call call(seed, config);
    const SiteId site{1};
    Film film(call);
    call.start();
    ASSERT_TRUE(call.connects_within(60s)) << call.network.report();
    show(call, film);
    call.network.nat(site).reboot();
    show(call, film, 20s);
    EXPECT_TRUE(call.alice.connected() && call.bob.connected()) << "seed " << seed;
    const Seen seen = show(call, film);
    EXPECT_GT(seen.delivered, frames / 2) << "seed " << seed;
    EXPECT_EQ(seen.foreign, 0) << "seed " << seed;
    EXPECT_GE(call.alice.peer->stats().ice.tcp_connections_opened, 2u) << "seed " << seed;
  }
}

TEST(TcpCall, FailsCleanlyWhenTheOtherSideIsGone) {
  Call call(1, blocked());
  call.start();
  ASSERT_TRUE(call.connects_within(10s));
  call.network.detach(call.bob.peer.get());
  call.network.run_for(120s);
  EXPECT_EQ(call.alice.state(), ConnectionState::failed);
}

TEST(TcpCall, IsTheSameForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    CallConfig config = blocked();
    config.link = {.jitter = 5ms, .loss_percent = 10};
    Call call(seed, config);
    Film film(call);
    call.start();
    call.connects_within(30s);
    show(call, film);
    return call.network.trace_hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace petrel::inline v0::testing
