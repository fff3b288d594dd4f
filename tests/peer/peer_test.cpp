#include "petrel/peer/peer.hpp"

#include <gtest/gtest.h>

#include "petrel/peer/peer_errc.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0 {
namespace {

static_assert(FlowCore<Peer>);

constexpr std::chrono::sys_seconds today{std::chrono::seconds(1'700'000'000)};

PeerConfig config() {
  PeerConfig config;
  config.certificate = dtls::Certificate::generate(today).value();
  return config;
}

TEST(Peer, IsNewAndHasNothingToDo) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  EXPECT_EQ(peer.connection_state(), ConnectionState::new_);
  EXPECT_EQ(peer.ice_gathering_state(), IceGatheringState::new_);
  EXPECT_EQ(peer.signaling_state(), SignalingState::stable);
  EXPECT_FALSE(peer.poll_request());
  EXPECT_FALSE(peer.poll_transmit());
  EXPECT_FALSE(peer.local_description());
}

TEST(Peer, RefusesAnIceServerThatItCannotUse) {
  testing::SeededRandom random(1);
  PeerConfig with_turn = config();
  with_turn.ice_servers = {{.url = "turn:turn.example.org"}};  // Without credentials.
  try {
    Peer peer(TimePoint{}, with_turn, {}, random);
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), PeerErrc::ice_server_without_credentials);
  }
}

TEST(Peer, TakesOtherIceServersForItsNextGathering) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  const LocalAddress address{IpAddress::v4(192, 0, 2, 1), "eth0"};
  peer.handle_interfaces(TimePoint{}, {&address, 1});
  ASSERT_TRUE(peer.set_ice_servers(TimePoint{}, {{"stun:198.51.100.1"}}));
  // One that cannot be used: nothing changes.
  EXPECT_EQ(peer.set_ice_servers(TimePoint{}, {{"stun:198.51.100.2"}, {"turn:198.51.100.3"}}).error(),
            PeerErrc::ice_server_without_credentials);
  (void)peer.add_transceiver(TimePoint{}, Kind::audio, {}).value();
  ASSERT_TRUE(peer.set_local_description(TimePoint{}));
  const auto bind = std::get<BindUdp>(peer.poll_request().value());
  peer.handle_flow(TimePoint{}, bind.flow, FlowOpened{{address.address, 5000}});
  const ConnectionReport report = peer.report(TimePoint{});
  ASSERT_EQ(report.servers.size(), 1u);
  EXPECT_EQ(report.servers[0].url, "stun:198.51.100.1:3478");
  EXPECT_EQ(report.stun_servers, 1u);
}

TEST(Peer, SaysOnceThatItNeedsANegotiation) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  (void)peer.add_transceiver(TimePoint{}, Kind::video, {}).value();
  (void)peer.add_transceiver(TimePoint{}, Kind::audio, {}).value();

  const auto event = peer.poll_event();
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::holds_alternative<NegotiationNeeded>(*event));
  EXPECT_FALSE(peer.poll_event());
}

TEST(Peer, BindsASocketForEachAddressOnceItHasALocalDescription) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  const LocalAddress address{IpAddress::v4(192, 0, 2, 1), "eth0"};
  peer.handle_interfaces(TimePoint{}, {&address, 1});
  (void)peer.add_transceiver(TimePoint{}, Kind::video, {}).value();
  EXPECT_FALSE(peer.poll_request());

  ASSERT_TRUE(peer.set_local_description(TimePoint{}));

  const auto request = peer.poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<BindUdp>(*request).local.address, address.address);
  EXPECT_EQ(peer.ice_gathering_state(), IceGatheringState::gathering);
}

TEST(Peer, TellsTheMediaLineOfItsCandidatesBeforeThereIsAnAnswer) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  const LocalAddress address{IpAddress::v4(192, 0, 2, 1), "eth0"};
  peer.handle_interfaces(TimePoint{}, {&address, 1});
  (void)peer.add_transceiver(TimePoint{}, Kind::video, {}).value();
  ASSERT_TRUE(peer.set_local_description(TimePoint{}));
  const auto bind = std::get<BindUdp>(peer.poll_request().value());
  peer.handle_flow(TimePoint{}, bind.flow, FlowOpened{Endpoint::v4(192, 0, 2, 1, 5000)});

  std::size_t told = 0;
  while (const auto event = peer.poll_event()) {
    const auto* candidate = std::get_if<LocalCandidate>(&*event);
    if (candidate == nullptr) continue;
    ++told;
    EXPECT_EQ(candidate->mid, "0");
    EXPECT_EQ(candidate->media_line, 0u);
  }
  EXPECT_EQ(told, 3u);  // The host's by UDP and by TCP, and that there are no more.
}

TEST(Peer, GivesEverySenderAnSsrcOfItsOwnInTheOffer) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  (void)peer.add_transceiver(TimePoint{}, Kind::video, {.stream_ids = {"s"}}).value();
  const auto offer = peer.create_offer();
  ASSERT_TRUE(offer);
  EXPECT_NE(offer->sdp.find("a=ssrc-group:FID "), std::string::npos);
  EXPECT_NE(offer->sdp.find("a=msid:s "), std::string::npos);
}

TEST(Peer, RefusesEverythingOnceItIsClosed) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  peer.close(TimePoint{});
  peer.close(TimePoint{});

  EXPECT_EQ(peer.connection_state(), ConnectionState::closed);
  EXPECT_EQ(peer.add_transceiver(TimePoint{}, Kind::video, {}).error(), Errc::closed);
  EXPECT_EQ(peer.create_offer().error(), Errc::closed);
  EXPECT_EQ(peer.set_local_description(TimePoint{}).error(), Errc::closed);
  EXPECT_EQ(peer.set_remote_description(TimePoint{}, {}).error(), Errc::closed);
  EXPECT_EQ(peer.send_packet(TimePoint{}, {}, {}).error(), Errc::closed);
  EXPECT_EQ(peer.set_ice_servers(TimePoint{}, {}).error(), Errc::closed);
  EXPECT_EQ(peer.next_timeout(), std::nullopt);
  EXPECT_FALSE(peer.poll_transmit());
}

TEST(Peer, HasNoPlaceForACandidateBeforeTheDescription) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  const auto added = peer.add_ice_candidate(
      TimePoint{}, {"candidate:1 1 udp 1 192.0.2.9 5000 typ host", "0", std::nullopt, ""});
  EXPECT_EQ(added.error(), PeerErrc::no_remote_description);
}

TEST(Peer, CountsTheMarksOfCongestionOfWhateverArrives) {
  testing::SeededRandom random(1);
  Peer peer(TimePoint{}, config(), {}, random);
  std::vector<Datagram> datagrams;
  for (const Ecn ecn : {Ecn::ce, Ecn::ect0, Ecn::ce, Ecn::ect1, Ecn::not_ect, Ecn::ce, Ecn::ect0}) {
    datagrams.push_back({FlowId{1}, Endpoint::v4(192, 0, 2, 9, 1), {}, as_bytes("x"), ecn});
  }
  peer.handle_datagrams(TimePoint{}, datagrams);
  const EcnCounts counts = peer.stats().ecn;
  EXPECT_EQ(counts.not_ect, 1u);
  EXPECT_EQ(counts.ect0, 2u);
  EXPECT_EQ(counts.ect1, 1u);
  EXPECT_EQ(counts.ce, 3u);
}

}  // namespace
}  // namespace petrel::inline v0
