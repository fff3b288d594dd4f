// ICE restarts in the middle of a call, of whole peers.

#include <gtest/gtest.h>

#include "simulation/call.hpp"
#include "simulation/seeds.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

// Offer and answer, at once; candidates travel as they always do.
void negotiate(Call& call, Call::Side& offerer, Call::Side& answerer) {
  const TimePoint now = call.network.now();
  offerer.peer->set_local_description(now).value();
  answerer.peer->set_remote_description(now, *offerer.peer->local_description()).value();
  answerer.peer->set_local_description(now).value();
  offerer.peer->set_remote_description(now, *answerer.peer->local_description()).value();
}

std::shared_ptr<const EncodedFrame> key_frame(TimePoint now) {
  std::vector<std::byte> frame;
  for (const int b : {0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65}) {
    frame.push_back(static_cast<std::byte>(b));
  }
  frame.resize(5000, std::byte{0x5a});
  return EncodedFrame::make(Bytes(frame), {.capture_time = now, .key_frame = true});
}

// Frames of 30 a second; answers the longest time without one at Bob.
Duration film_for(Call& call, Duration length) {
  const std::size_t before = call.bob.frame_times.size();
  const TimePoint begin = call.network.now();
  while (call.network.now() < begin + length) {
    EXPECT_TRUE(call.alice.peer->send_frame(call.network.now(), call.video, key_frame(call.network.now())));
    call.network.run_for(33ms);
  }
  Duration longest = call.bob.frame_times.size() > before ? Duration(0) : length;
  for (std::size_t i = std::max<std::size_t>(before, 1); i < call.bob.frame_times.size(); ++i) {
    longest = std::max(longest, call.bob.frame_times[i] - call.bob.frame_times[i - 1]);
  }
  return longest;
}

TEST(IceRestart, InTheMiddleOfAFilmCostsNoFrame) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(20); ++seed) {
    Call call(seed, {.link = {.latency = 30ms, .jitter = 5ms}, .alice_nat = NatConfig::port_restricted()});
    call.start();
    ASSERT_TRUE(call.connects_within(10s)) << "seed " << seed;
    film_for(call, 500ms);
    Call::Side& offerer = seed % 2 == 0 ? call.alice : call.bob;
    Call::Side& answerer = seed % 2 == 0 ? call.bob : call.alice;
    offerer.peer->restart_ice(call.network.now());
    negotiate(call, offerer, answerer);
    EXPECT_LT(film_for(call, 5s), 100ms) << "seed " << seed;
    EXPECT_TRUE(call.alice.connected() && call.bob.connected()) << "seed " << seed;
    EXPECT_EQ(call.alice.states.size(), 2u) << "connecting, connected, and nothing since; seed " << seed;
    EXPECT_EQ(call.alice.peer->ice_connection_state(), ice::State::completed) << "seed " << seed;
  }
}

TEST(IceRestart, FollowsAHostToANewAddress) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(20); ++seed) {
    Call call(seed, {.link = {.latency = 20ms}});
    call.start();
    ASSERT_TRUE(call.connects_within(10s)) << "seed " << seed;
    film_for(call, 500ms);

    // The interface gets another address: the old pair is dead from here on.
    const IpAddress moved = IpAddress::v4(198, 51, 100, 77);
    const auto old = call.alice.peer->stats().pair.value().local.endpoint.address;
    call.network.add_address(call.alice.host, moved);
    call.network.remove_address(call.alice.host, old);
    const LocalAddress address{moved, "eth0"};
    call.alice.peer->handle_interfaces(call.network.now(), {&address, 1});
    call.alice.peer->restart_ice(call.network.now());
    negotiate(call, call.alice, call.bob);

    EXPECT_LT(film_for(call, 5s), 1s) << "seed " << seed;
    EXPECT_EQ(call.alice.peer->stats().pair.value().local.endpoint.address, moved) << "seed " << seed;
  }
}

TEST(IceRestart, RevivesACallThatHasFailed) {
  Call call(1, {.link = {.latency = 20ms}});
  call.start();
  ASSERT_TRUE(call.connects_within(10s));
  call.network.uplink(call.bob.host).reconfigure({.loss_percent = 100});
  ASSERT_TRUE(call.network.run_until([&] { return call.alice.state() == ConnectionState::failed; }, 40s));
  EXPECT_EQ(call.alice.states.back().reason.message(), "the peer has stopped answering");
  call.network.run_for(60s);
  call.network.uplink(call.bob.host).reconfigure({.latency = 20ms});

  call.alice.peer->restart_ice(call.network.now());
  negotiate(call, call.alice, call.bob);
  EXPECT_TRUE(call.connects_within(5s));
  EXPECT_LT(film_for(call, 1s), 100ms);
}

TEST(IceRestart, ThatIsRolledBackLeavesTheCallAsItWas) {
  Call call(1, {.link = {.latency = 20ms}});
  call.start();
  ASSERT_TRUE(call.connects_within(10s));
  const auto pair = call.alice.peer->stats().pair.value();
  const std::string before = call.alice.peer->local_description().value().sdp;
  call.alice.peer->restart_ice(call.network.now());
  call.alice.peer->set_local_description(call.network.now()).value();
  EXPECT_LT(film_for(call, 500ms), 100ms) << "unanswered";
  call.alice.peer->set_local_description(call.network.now(), {SdpType::rollback, ""}).value();
  EXPECT_EQ(call.alice.peer->local_description().value().sdp, before);
  EXPECT_LT(film_for(call, 500ms), 100ms);
  EXPECT_EQ(call.alice.peer->stats().pair.value().local, pair.local);
}

}  // namespace
}  // namespace petrel::inline v0::testing
