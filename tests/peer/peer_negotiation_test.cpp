#include <gtest/gtest.h>

#include "petrel/peer/errc.hpp"
#include "petrel/peer/peer.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::chrono::sys_seconds today{std::chrono::seconds(1'700'000'000)};
constexpr TimePoint now{};

struct Pair {
  testing::SeededRandom alice_random{1};
  testing::SeededRandom bob_random{2};
  Peer alice;
  Peer bob;

  Pair() : alice(now, config(), {}, alice_random), bob(now, config(), {}, bob_random) {}

  static PeerConfig config() {
    PeerConfig config;
    config.certificate = dtls::Certificate::generate(today).value();
    return config;
  }
  void negotiate() {
    alice.set_local_description(now).value();
    bob.set_remote_description(now, *alice.local_description()).value();
    bob.set_local_description(now).value();
    alice.set_remote_description(now, *bob.local_description()).value();
  }
};

template <class Event>
int count(Peer& peer) {
  int found = 0;
  while (auto event = peer.poll_event()) found += std::holds_alternative<Event>(*event) ? 1 : 0;
  return found;
}

TEST(PeerNegotiation, AgreesOnACodecAndEndsStable) {
  Pair pair;
  const auto video =
      pair.alice.add_transceiver(now, Kind::video, {.direction = Direction::send_only}).value();
  pair.negotiate();

  EXPECT_EQ(pair.alice.signaling_state(), SignalingState::stable);
  EXPECT_EQ(pair.bob.signaling_state(), SignalingState::stable);
  EXPECT_EQ(pair.alice.send_codec(video)->name, "H264");
  ASSERT_EQ(pair.bob.transceivers().size(), 1u);
  EXPECT_EQ(pair.bob.transceivers()[0].current_direction, Direction::recv_only);
}

TEST(PeerNegotiation, AnnouncesATrackOnce) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {.direction = Direction::send_only}).value();
  pair.negotiate();
  EXPECT_EQ(count<TrackAdded>(pair.bob), 1);
  EXPECT_EQ(count<TrackAdded>(pair.alice), 0);

  pair.negotiate();
  EXPECT_EQ(count<TrackAdded>(pair.bob), 0);
}

TEST(PeerNegotiation, RenegotiatesWithAnotherTransceiver) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.negotiate();
  (void)count<NegotiationNeeded>(pair.alice);

  (void)pair.alice.add_transceiver(now, Kind::audio, {}).value();
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 1);
  pair.negotiate();

  EXPECT_EQ(pair.bob.transceivers().size(), 2u);
}

TEST(PeerNegotiation, RollsBackWhatAnOfferMade) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.alice.set_local_description(now).value();
  pair.bob.set_remote_description(now, *pair.alice.local_description()).value();
  ASSERT_EQ(pair.bob.transceivers().size(), 1u);

  ASSERT_TRUE(pair.bob.set_remote_description(now, {SdpType::rollback, ""}));

  EXPECT_TRUE(pair.bob.transceivers().empty());
  EXPECT_EQ(pair.bob.signaling_state(), SignalingState::stable);
}

TEST(PeerNegotiation, RefusesAnIceRestartByNameAndStaysAsItWas) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.negotiate();
  pair.alice.set_local_description(now).value();
  SessionDescription offer = *pair.alice.local_description();
  const std::size_t at = offer.sdp.find("a=ice-ufrag:") + 12;
  offer.sdp.replace(at, 4, "XXXX");

  const auto set = pair.bob.set_remote_description(now, offer);

  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), PeerErrc::ice_restart_unsupported);
  EXPECT_EQ(pair.bob.signaling_state(), SignalingState::stable);
}

TEST(PeerNegotiation, RejectsMediaWithoutACommonCodecAndSaysSo) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {.codecs = {vp8()}}).value();
  pair.alice.set_local_description(now).value();
  Peer& bob = pair.bob;
  (void)bob.add_transceiver(now, Kind::video, {.codecs = {h264()}}).value();
  bob.set_remote_description(now, *pair.alice.local_description()).value();
  bob.set_local_description(now).value();

  ASSERT_EQ(bob.rejected_media().size(), 1u);
  EXPECT_EQ(bob.rejected_media()[0].reason, jsep::Errc::no_common_codec);
}

TEST(PeerNegotiation, StopsATransceiverAtBothEnds) {
  Pair pair;
  const auto video = pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.negotiate();
  ASSERT_TRUE(pair.alice.stop_transceiver(now, video));
  pair.negotiate();
  EXPECT_TRUE(pair.alice.transceivers().empty());
  EXPECT_TRUE(pair.bob.transceivers().empty());
}

}  // namespace
}  // namespace petrel::inline v0
