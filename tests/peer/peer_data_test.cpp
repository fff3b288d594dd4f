#include <gtest/gtest.h>

#include "petrel/peer/errc.hpp"
#include "petrel/peer/peer.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::chrono::sys_seconds today{std::chrono::seconds(1'700'000'000)};
constexpr TimePoint now{};

PeerConfig config() {
  PeerConfig config;
  static const auto certificate = dtls::Certificate::generate(today).value();
  config.certificate = certificate;
  return config;
}

struct Pair {
  testing::SeededRandom alice_random{1};
  testing::SeededRandom bob_random{2};
  Peer alice{now, config(), {}, alice_random};
  Peer bob{now, config(), {}, bob_random};
};

template <class Event>
int count(Peer& peer) {
  int found = 0;
  while (auto event = peer.poll_event()) found += std::holds_alternative<Event>(*event) ? 1 : 0;
  return found;
}

TEST(PeerData, TheFirstChannelNeedsAnOfferAndTheSecondDoesNot) {
  Pair pair;
  ASSERT_TRUE(pair.alice.create_data_channel(now, "chat"));
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 1);
  pair.alice.set_local_description(now).value();
  EXPECT_NE(pair.alice.local_description()->sdp.find("m=application 9 UDP/DTLS/SCTP webrtc-datachannel"),
            std::string::npos);
  pair.bob.set_remote_description(now, *pair.alice.local_description()).value();
  pair.bob.set_local_description(now).value();
  pair.alice.set_remote_description(now, *pair.bob.local_description()).value();
  EXPECT_TRUE(pair.alice.rejected_media().empty());

  ASSERT_TRUE(pair.alice.create_data_channel(now, "files"));
  ASSERT_TRUE(pair.bob.create_data_channel(now, "more"));
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 0);
  EXPECT_EQ(count<NegotiationNeeded>(pair.bob), 0);
}

TEST(PeerData, AChannelIsKnownFromTheMomentItIsMade) {
  Pair pair;
  const auto id = pair.alice.create_data_channel(now, "chat", {.ordered = false, .protocol = "v1"}).value();

  ASSERT_TRUE(pair.alice.channel(id));
  EXPECT_EQ(pair.alice.channel(id)->label, "chat");
  EXPECT_EQ(pair.alice.channel(id)->init.protocol, "v1");
  EXPECT_FALSE(pair.alice.channel(id)->init.ordered);
  EXPECT_EQ(pair.alice.channel(id)->state, DataChannelState::connecting);
  EXPECT_EQ(pair.alice.channels(), std::vector{id});
  EXPECT_EQ(pair.alice.try_send(now, id, as_bytes("too early"), true).error(), datachannel::Errc::not_open);
  EXPECT_FALSE(pair.alice.receive(now, id));
}

TEST(PeerData, AMistakeIsToldByNameAndInWords) {
  Pair pair;
  EXPECT_EQ(
      pair.alice.create_data_channel(now, "chat", {.max_packet_life_time = 1, .max_retransmits = 1}).error(),
      datachannel::Errc::both_limits);
  EXPECT_EQ(pair.alice.create_data_channel(now, "chat", {.negotiated = true}).error(),
            datachannel::Errc::id_missing);
  EXPECT_EQ(count<NegotiationNeeded>(pair.alice), 0) << "nothing was created";
}

TEST(PeerData, AnAnswerThatRejectsChannelsClosesThemAndSaysSo) {
  Pair pair;
  (void)pair.alice.add_transceiver(now, Kind::video, {}).value();
  const auto id = pair.alice.create_data_channel(now, "chat").value();
  pair.alice.set_local_description(now).value();
  pair.bob.set_remote_description(now, *pair.alice.local_description()).value();
  pair.bob.set_local_description(now).value();
  SessionDescription answer = *pair.bob.local_description();
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"m=application 9", "m=application 0"},
                                 {"BUNDLE 0 1", "BUNDLE 0"}}) {
    answer.sdp.replace(answer.sdp.find(from), from.size(), to);
  }
  pair.alice.set_remote_description(now, answer).value();

  ASSERT_EQ(pair.alice.rejected_media().size(), 1U);
  EXPECT_EQ(pair.alice.rejected_media()[0].kind, std::nullopt);
  EXPECT_EQ(pair.alice.rejected_media()[0].reason, jsep::Errc::rejected_by_peer);
  bool closed = false;
  while (auto event = pair.alice.poll_event()) {
    const auto* happened = std::get_if<ChannelClosed>(&*event);
    closed = closed || (happened != nullptr && happened->channel == id);
  }
  EXPECT_TRUE(closed);
}

TEST(PeerData, AlwaysNegotiatingOffersDataBeforeMedia) {
  testing::SeededRandom random(1);
  PeerConfig always = config();
  always.always_negotiate_data_channels = true;
  always.max_message_size = 1234;
  Peer peer(now, always, {}, random);
  (void)peer.add_transceiver(now, Kind::video, {}).value();
  const std::string sdp = peer.create_offer()->sdp;
  EXPECT_LT(sdp.find("m=application"), sdp.find("m=video"));
  EXPECT_NE(sdp.find("a=max-message-size:1234\r\n"), std::string::npos);
}

TEST(PeerData, AClosedPeerRefusesAndItsChannelsAreClosed) {
  Pair pair;
  const auto id = pair.alice.create_data_channel(now, "chat").value();
  pair.alice.close(now);

  EXPECT_EQ(count<ChannelClosed>(pair.alice), 1);
  EXPECT_EQ(pair.alice.create_data_channel(now, "more").error(), Errc::closed);
  EXPECT_EQ(pair.alice.try_send(now, id, {}, true).error(), Errc::closed);
  EXPECT_EQ(pair.alice.set_buffered_amount_low_threshold(id, 1).error(), Errc::closed);
  EXPECT_FALSE(pair.alice.receive(now, id));
  pair.alice.close_channel(now, id);
  EXPECT_EQ(pair.alice.next_timeout(), std::nullopt);
}

TEST(PeerData, EventsOfOneChannelCanBeTakenOutOfTurn) {
  Pair pair;
  const auto first = pair.alice.create_data_channel(now, "first").value();
  const auto second = pair.alice.create_data_channel(now, "second").value();
  pair.alice.close(now);

  const auto event = pair.alice.poll_event_of(second);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<ChannelClosed>(*event).channel, second);
  EXPECT_FALSE(pair.alice.poll_event_of(second));
  EXPECT_TRUE(pair.alice.poll_event_of(first));
  EXPECT_EQ(count<ChannelClosed>(pair.alice), 0);
}

}  // namespace
}  // namespace petrel::inline v0
