// What goes wrong has a name, and nothing else happens.

#include <gtest/gtest.h>

#include <string>

#include "petrel/dtls/errc.hpp"
#include "petrel/peer/errc.hpp"
#include "petrel/peer/peer_errc.hpp"
#include "petrel/rtp/errc.hpp"
#include "petrel/sdp/errc.hpp"
#include "simulation/call.hpp"
#include "simulation/film.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::CallConfig;
using testing::Film;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

TEST(Fault, AWrongFingerprintFailsTheHandshakeAndNoMediaLeaves) {
  CallConfig config;
  config.tamper_with_answer = [](SessionDescription& answer) {
    const std::size_t at = answer.sdp.find("a=fingerprint:sha-256 ") + 22;
    answer.sdp[at] = answer.sdp[at] == '0' ? '1' : '0';
  };
  Call call(1, config);
  Film film(call);
  call.start();
  call.network.run_for(5s);
  film.start(3);
  call.network.run_for(1s);

  EXPECT_EQ(call.alice.state(), ConnectionState::failed);
  EXPECT_EQ(call.alice.states.back().reason, dtls::Errc::fingerprint_mismatch);
  EXPECT_EQ(film.sent(), 0);
  EXPECT_TRUE(call.bob.frames.empty());
  EXPECT_NE(explain(call.alice.peer->report(call.network.now())).find("DTLS failed"), std::string::npos);
}

TEST(Fault, APeerThatFallsSilentLosesConsentAfterThirtySeconds) {
  Call call(1);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));

  call.network.detach(call.bob.peer.get());
  const TimePoint silent_since = call.network.now();
  ASSERT_TRUE(call.network.run_until([&] { return call.alice.state() == ConnectionState::failed; }, 60s));

  EXPECT_EQ(call.alice.states.back().reason, PeerErrc::consent_expired);
  EXPECT_GT(call.network.now() - silent_since, Duration(23s));  // The last answer came up to 6 s before.
  EXPECT_LE(call.network.now() - silent_since, Duration(30s) + 100ms);
}

TEST(Fault, NoAnswerAtAllFailsByTheNameOfIce) {
  CallConfig config;
  config.bob_nat = testing::NatConfig::udp_blocked();
  Call call(1, config);
  call.start();
  ASSERT_TRUE(call.network.run_until([&] { return call.alice.state() == ConnectionState::failed; }, 120s));

  EXPECT_EQ(call.alice.states.back().reason, PeerErrc::ice_failed);
  EXPECT_NE(explain(call.alice.peer->report(call.network.now())).find("No pair worked"), std::string::npos);
}

TEST(Fault, GarbageOnThePortIsCountedAndTheFilmGoesOn) {
  Call call(1);
  Film film(call);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));
  film.start(60);
  testing::SeededRandom random(99);
  const auto pair = call.alice.peer->stats().pair;
  ASSERT_TRUE(pair);
  for (int i = 0; i < 500; ++i) {
    std::vector<std::byte> garbage(random.between(0, 200));
    random.fill(garbage);
    // Half of it from the peer's own address, which is the worst place that it can come from.
    const Endpoint stranger = Endpoint::v4(192, 0, 2, 66, 6666);
    call.alice.peer->handle_datagram(
        call.network.now(),
        {FlowId{1}, i % 2 == 0 ? pair->remote.endpoint : stranger, pair->local.endpoint, garbage});
  }
  call.network.run_for(4s);

  EXPECT_EQ(call.alice.state(), ConnectionState::connected);
  EXPECT_EQ(call.bob.frames.size(), 60u);
  const PeerDrops drops = call.alice.peer->stats().dropped;
  EXPECT_GT(drops.unknown_kind + drops.unknown_source + drops.srtp_malformed + drops.srtp_unauthentic, 300u);
}

TEST(Fault, ADescriptionOfAMegabyteIsRefusedByItsSize) {
  Call call(1);
  std::string huge = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
  while (huge.size() < 1'000'000) huge += "a=x-filler:0123456789012345678901234567890123456789\r\n";

  const auto set = call.bob.peer->set_remote_description(call.network.now(), {SdpType::offer, huge});

  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), sdp::Errc::too_long);
}

TEST(Fault, AnAnswerToAnotherOfferIsRefused) {
  CallConfig config;
  config.tamper_with_answer = [](SessionDescription& answer) {
    replace_all(answer.sdp, "m=video", "m=audio");
  };
  Call call(1, config);
  call.start();
  call.network.run_for(1s);

  EXPECT_EQ(call.alice.error, jsep::Errc::answer_does_not_match_offer);
  EXPECT_FALSE(call.alice.peer->error_detail().empty());
}

TEST(Fault, AFrameWithoutANalUnitIsRefusedAndTheNextOneLeaves) {
  Call call(1);
  call.start();
  ASSERT_TRUE(call.connects_within(5s));

  const auto empty = EncodedFrame::make(Bytes{}, {.capture_time = call.network.now(), .key_frame = true});
  const auto sent = call.alice.peer->send_frame(call.network.now(), call.video, empty);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), rtp::Errc::empty_frame);

  Film film(call);
  film.start(5);
  call.network.run_for(1s);
  EXPECT_EQ(call.bob.frames.size(), 5u);
}

TEST(Fault, CodecsThatDoNotMeetRejectTheMediaAndSayBoth) {
  CallConfig config;
  config.alice_video.codecs = {vp8()};
  config.bob_codecs = {h264()};
  Call call(1, config);
  call.start();
  call.network.run_for(1s);

  const auto rejected = call.bob.peer->rejected_media();
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].reason, jsep::Errc::no_common_codec);
  EXPECT_NE(rejected[0].detail.find("VP8"), std::string::npos) << rejected[0].detail;
  EXPECT_NE(rejected[0].detail.find("H264"), std::string::npos) << rejected[0].detail;
}

TEST(Fault, AFrameBeforeTheConnectionIsRefusedByName) {
  Call call(1);
  call.start();
  const auto frame = EncodedFrame::make(Bytes{}, {});
  const auto sent = call.alice.peer->send_frame(call.network.now(), call.video, frame);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), PeerErrc::not_connected);
}

}  // namespace
}  // namespace petrel::inline v0
