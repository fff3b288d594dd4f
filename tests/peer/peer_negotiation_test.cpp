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

std::string ufrag_of(const std::optional<SessionDescription>& description) {
  if (!description) return "";
  const std::size_t at = description->sdp.find("a=ice-ufrag:") + 12;
  return description->sdp.substr(at, description->sdp.find('\r', at) - at);
}

TEST(PeerNegotiation, RestartsIceAtBothEndsWhenAskedTo) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.alice.restart_ice(now);
  pair.negotiate();
  const std::string alice = ufrag_of(pair.alice.local_description());
  const std::string bob = ufrag_of(pair.bob.local_description());
  pair.negotiate();
  EXPECT_EQ(ufrag_of(pair.alice.local_description()), alice) << "a later offer alone is no restart";
  (void)count<NegotiationNeeded>(pair.alice);

  pair.alice.restart_ice(now);
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 1);
  pair.negotiate();
  const std::string new_alice = ufrag_of(pair.alice.local_description());
  const std::string new_bob = ufrag_of(pair.bob.local_description());
  EXPECT_NE(new_alice, alice);
  EXPECT_NE(new_bob, bob);
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 0);
  pair.negotiate();
  EXPECT_EQ(ufrag_of(pair.alice.local_description()), new_alice) << "it is done once";
}

TEST(PeerNegotiation, TakesBackAnIceRestartThatIsRolledBack) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.negotiate();
  const std::string alice = ufrag_of(pair.alice.local_description());
  const std::string bob = ufrag_of(pair.bob.local_description());

  pair.alice.restart_ice(now);
  pair.alice.set_local_description(now).value();
  pair.bob.set_remote_description(now, *pair.alice.local_description()).value();
  EXPECT_EQ(ufrag_of(pair.bob.local_description()), bob);
  pair.bob.set_remote_description(now, {SdpType::rollback, ""}).value();
  pair.alice.set_local_description(now, {SdpType::rollback, ""}).value();
  EXPECT_EQ(ufrag_of(pair.bob.local_description()), bob);

  // Whether anything worked before decides if there is a generation to return to; it is
  // wanted still, and the next offer brings it.
  pair.negotiate();
  EXPECT_NE(ufrag_of(pair.alice.local_description()), alice);
}

TEST(PeerNegotiation, RefusesAnAnswerThatRestartsIceByItself) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  pair.negotiate();
  pair.alice.set_local_description(now).value();
  pair.bob.set_remote_description(now, *pair.alice.local_description()).value();
  pair.bob.set_local_description(now).value();
  SessionDescription answer = *pair.bob.local_description();
  answer.sdp.replace(answer.sdp.find("a=ice-ufrag:") + 12, 4, "XXXX");

  const auto set = pair.alice.set_remote_description(now, answer);

  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), PeerErrc::unexpected_ice_restart);
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
