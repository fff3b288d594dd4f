#include "ice/stream.hpp"

#include <gtest/gtest.h>

#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::LinkConfig;
using testing::Lan;
using testing::Party;

PacketBuffer packet(std::string_view text) { return PacketBuffer::copy_of(as_bytes(text)).value(); }

void restart(Lan& lan, Party& party) { party.agent().restart(lan.network.now(), party.stream()); }

void exchange_credentials(Lan& lan) {
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
}

struct Restart : ::testing::Test {
  Lan lan{1};

  void SetUp() override {
    lan.couple.exchange_everything();
    ASSERT_TRUE(lan.completes_within(1s));
  }
  bool alice_reaches_bob() {
    const bool taken = lan.alice.agent().send(lan.network.now(), lan.alice.stream(), packet("data"));
    const auto sent = lan.alice.agent().poll_transmit();
    if (!taken || !sent) return false;
    const SelectedPair pair = lan.alice.agent().selected(lan.alice.stream()).value();
    return lan.bob.agent().stream_of(FlowId{1}, pair.local.endpoint) == lan.bob.stream();
  }
};

TEST_F(Restart, ChangesTheCredentialsToThoseThatWereAnnounced) {
  const Credentials before = lan.alice.agent().local_credentials(lan.alice.stream());
  const Credentials announced = lan.alice.agent().restart_credentials(lan.alice.stream());
  EXPECT_NE(announced.ufrag, before.ufrag);
  EXPECT_NE(announced.password, before.password);
  EXPECT_EQ(lan.alice.agent().restart_credentials(lan.alice.stream()), announced);
  restart(lan, lan.alice);
  EXPECT_EQ(lan.alice.agent().local_credentials(lan.alice.stream()), announced);
  EXPECT_NE(lan.alice.agent().restart_credentials(lan.alice.stream()), announced);
}

TEST_F(Restart, TellsItsCandidatesAgainUnderTheNewUfrag) {
  const std::size_t before = lan.alice.candidates().size();
  restart(lan, lan.alice);
  lan.network.run_for(1ms);
  ASSERT_EQ(lan.alice.candidates().size(), 2 * before);
  EXPECT_EQ(lan.alice.candidates().back().ufrag,
            lan.alice.agent().local_credentials(lan.alice.stream()).ufrag);
}

TEST_F(Restart, CarriesDataOnTheOldPairUntilTheNewOneIsNominated) {
  restart(lan, lan.alice);
  EXPECT_TRUE(alice_reaches_bob()) << "before the peer knows";
  lan.network.run_for(1s);
  EXPECT_EQ(lan.alice.state(), State::connected);
  EXPECT_TRUE(alice_reaches_bob());

  restart(lan, lan.bob);
  const std::size_t selections = lan.alice.selections().size();
  exchange_credentials(lan);
  while (lan.alice.selections().size() == selections) {
    lan.network.run_for(100us);
    ASSERT_TRUE(alice_reaches_bob());
  }
  EXPECT_TRUE(lan.completes_within(1s));
  for (const State state : lan.alice.states()) EXPECT_NE(state, State::disconnected);
}

TEST_F(Restart, KeepsConsentOnTheOldPairForAsLongAsTheAnswerTakes) {
  restart(lan, lan.alice);
  lan.network.run_for(2min);
  EXPECT_EQ(lan.alice.state(), State::connected);
  EXPECT_EQ(lan.bob.state(), State::completed) << "it has not heard of the restart";
  EXPECT_TRUE(alice_reaches_bob());
}

TEST_F(Restart, ForgetsTheOldGenerationThreeSecondsAfterTheNewNomination) {
  const Credentials old = lan.bob.agent().local_credentials(lan.bob.stream());
  restart(lan, lan.alice);
  restart(lan, lan.bob);
  exchange_credentials(lan);
  ASSERT_TRUE(lan.completes_within(1s));
  const auto unknown = [&] { return lan.bob.agent().stats().unknown_ufrag_dropped; };
  crypto::HmacSha1Key key(as_bytes(old.password));
  stun::Builder request(stun::Class::request, stun::Method::binding, {});
  request.username(old.ufrag + ":them").priority(1).ice_controlling(1);
  const PacketBuffer late = request.finish({.integrity = &key}).value();
  const Datagram datagram{FlowId{1}, {testing::alice_ip, 7}, {testing::bob_ip, 1}, late.bytes()};

  lan.bob.agent().handle_datagram(lan.network.now(), datagram);
  EXPECT_EQ(unknown(), 0u);
  lan.network.run_for(retirement);
  lan.bob.agent().handle_datagram(lan.network.now(), datagram);
  EXPECT_EQ(unknown(), 1u);
}

TEST_F(Restart, CanBeTakenBackUntilItIsAnswered) {
  const Credentials before = lan.alice.agent().local_credentials(lan.alice.stream());
  restart(lan, lan.alice);
  EXPECT_TRUE(lan.alice.agent().cancel_restart(lan.network.now(), lan.alice.stream()));
  EXPECT_EQ(lan.alice.agent().local_credentials(lan.alice.stream()), before);
  EXPECT_TRUE(alice_reaches_bob());
  EXPECT_FALSE(lan.alice.agent().cancel_restart(lan.network.now(), lan.alice.stream()));

  restart(lan, lan.alice);
  restart(lan, lan.bob);
  exchange_credentials(lan);
  EXPECT_FALSE(lan.alice.agent().cancel_restart(lan.network.now(), lan.alice.stream()));
  EXPECT_TRUE(lan.completes_within(1s));
}

TEST_F(Restart, RevivesAStreamThatHasFailed) {
  lan.network.uplink(lan.bob_host).reconfigure({.loss_percent = 100});
  ASSERT_TRUE(lan.network.run_until([&] { return lan.alice.state() == State::failed; }, 40s));
  lan.network.uplink(lan.bob_host).reconfigure({.latency = 1ms});
  restart(lan, lan.alice);
  EXPECT_EQ(lan.alice.state(), State::checking);
  restart(lan, lan.bob);
  exchange_credentials(lan);
  EXPECT_TRUE(lan.completes_within(2s));
  EXPECT_TRUE(alice_reaches_bob());
}

TEST_F(Restart, MayFollowAnother) {
  for (int i = 0; i < 3; ++i) {
    restart(lan, lan.alice);
    EXPECT_TRUE(alice_reaches_bob()) << "restart " << i;
  }
  restart(lan, lan.bob);
  exchange_credentials(lan);
  EXPECT_TRUE(lan.completes_within(1s));
}

TEST_F(Restart, UsesTheNewPairsAtOnceWhenTheOldPairIsLost) {
  restart(lan, lan.alice);
  restart(lan, lan.bob);
  lan.alice.agent().handle_flow(lan.network.now(), FlowId{1},
                                FlowFailed{make_error_code(petrel::Errc::closed)});
  EXPECT_FALSE(lan.alice.agent().send(lan.network.now(), lan.alice.stream(), packet("data")));
  EXPECT_EQ(lan.alice.state(), State::checking);
}

TEST(RestartUnderLoss, CompletesForEverySeed) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Lan lan(seed, {.latency = 20ms, .jitter = 10ms, .loss_percent = 20});
    lan.couple.exchange_everything();
    ASSERT_TRUE(lan.completes_within(60s)) << "seed " << seed;
    restart(lan, lan.alice);
    restart(lan, lan.bob);
    exchange_credentials(lan);
    const auto both_selected_again = [&] {
      return lan.couple.are_completed() && lan.alice.selections().size() > 1 &&
             lan.bob.selections().size() > 1;
    };
    EXPECT_TRUE(lan.network.run_until(both_selected_again, 60s)) << "seed " << seed;
  }
}

TEST(RestartBeforeAnything, OnlyChangesTheCredentials) {
  Lan lan(1);
  restart(lan, lan.alice);
  EXPECT_EQ(lan.alice.state(), State::new_);
  lan.couple.exchange_everything();
  EXPECT_TRUE(lan.completes_within(1s));
}

}  // namespace
}  // namespace petrel::inline v0::ice
