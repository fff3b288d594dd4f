#include <gtest/gtest.h>

#include <set>

#include "peer/jsep_support.hpp"
#include "petrel/peer/jsep.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

TEST(Offer, OfSoundAndPictureIsThisToTheLine) {
  Negotiation negotiation({.session_id = 7, .cname = "name"});
  auto audio = sender(Kind::audio, Direction::send_recv);
  audio.sender = {};
  auto video = sender(Kind::video);
  video.codecs = {vp8()};
  ASSERT_TRUE(negotiation.add_transceiver(audio));
  ASSERT_TRUE(negotiation.add_transceiver(video));
  auto local = transport();
  local.candidates = {"candidate:1 1 udp 1 192.0.2.9 9 typ host"};
  local.end_of_candidates = true;

  const auto text = negotiation.create_offer(local).value().sdp;

  EXPECT_EQ(
      text,
      "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
      "a=ice-options:trickle ice2\r\na=msid-semantic: WMS *\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
      "a=ice-ufrag:ours\r\na=ice-pwd:ourPasswordIsTwentyTwoL\r\na=fingerprint:sha-256 AA:BB\r\n"
      "a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
      "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendrecv\r\na=rtcp-mux\r\n"
      "a=rtcp-mux-only\r\na=rtcp-rsize\r\na=rtpmap:96 opus/48000/2\r\n"
      "a=fmtp:96 minptime=10;useinbandfec=1\r\na=msid:-\r\n"
      "a=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\na=end-of-candidates\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 97 98\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
      "a=ice-ufrag:ours\r\na=ice-pwd:ourPasswordIsTwentyTwoL\r\na=fingerprint:sha-256 AA:BB\r\n"
      "a=setup:actpass\r\na=mid:1\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\n"
      "a=rtcp-mux\r\na=rtcp-mux-only\r\na=rtcp-rsize\r\na=rtpmap:97 VP8/90000\r\na=rtcp-fb:97 ccm fir\r\n"
      "a=rtcp-fb:97 nack\r\na=rtcp-fb:97 nack pli\r\na=rtcp-fb:97 goog-remb\r\na=rtpmap:98 rtx/90000\r\n"
      "a=fmtp:98 apt=97\r\na=msid:camera track\r\na=ssrc-group:FID 1000 1001\r\na=ssrc:1000 cname:name\r\n"
      "a=ssrc:1000 msid:camera track\r\na=ssrc:1001 cname:name\r\na=ssrc:1001 msid:camera track\r\n");
}

TEST(Offer, NeverUsesPayloadTypesThatLookLikeRtcp) {
  Negotiation negotiation;
  for (int i = 0; i < 8; ++i) {
    auto init = sender(Kind::video);
    init.codecs.clear();
    for (const char* id : {"42e01f", "42001f", "4d001f", "64001f", "640c1f", "f4001f"}) {
      init.codecs.push_back(h264({id, static_cast<std::uint8_t>(i % 2)}));
    }
    ASSERT_TRUE(negotiation.add_transceiver(init));
  }
  const auto session = parsed(negotiation.create_offer(transport()).value().sdp);

  std::set<int> used;
  for (const auto& media : session.media) {
    for (const std::string& format : media.formats) used.insert(std::stoi(format));
  }
  EXPECT_EQ(used.size(), 24U) << "equal codecs share their numbers in a bundle";
  for (const int payload_type : used) {
    EXPECT_TRUE(payload_type >= 96 || (payload_type >= 35 && payload_type <= 63)) << payload_type;
  }
}

TEST(Offer, FailsByNameWhenPayloadTypesRunOut) {
  Negotiation negotiation;
  auto init = sender(Kind::audio);
  init.codecs.clear();
  for (int i = 0; i < 62; ++i) {
    init.codecs.push_back({Kind::audio, "X" + std::to_string(i), 8000, 1, {}, {}, false});
  }
  ASSERT_TRUE(negotiation.add_transceiver(init));
  EXPECT_EQ(negotiation.create_offer(transport()).error(), Errc::no_payload_type_left);
}

TEST(Offer, AddsAnMLineAndKeepsTheOthers) {
  Negotiation a;
  Negotiation b;
  ASSERT_TRUE(a.add_transceiver(sender(Kind::video)));
  const auto first = parsed(exchange(a, b).offer);
  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  ASSERT_TRUE(a.negotiation_needed());

  const auto second = exchange(a, b);

  const auto session = parsed(second.offer);
  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[0], first.media[0]);
  EXPECT_EQ(sdp::value_of(session.media[1].attributes, "mid"), "1");
  EXPECT_EQ(session.origin.session_version, "2");
  EXPECT_EQ(second.answerer.created.size(), 0U) << "the first exchange's lines are settled";
  EXPECT_TRUE(second.offerer.media[1].accepted);
  EXPECT_FALSE(a.negotiation_needed());
}

TEST(Offer, KeepsThePlaceOfAStoppedTransceiverAndUsesItAgain) {
  Negotiation a;
  Negotiation b;
  const auto video = a.add_transceiver(sender(Kind::video)).value();
  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  exchange(a, b);
  ASSERT_TRUE(a.stop(video));
  EXPECT_TRUE(a.negotiation_needed());

  const auto rejecting = exchange(a, b);
  EXPECT_EQ(parsed(rejecting.offer).media[0].port, 0);
  EXPECT_EQ(sdp::value_of(parsed(rejecting.offer).attributes, "group"), "BUNDLE 1");
  EXPECT_EQ(rejecting.offerer.stopped, std::vector{video});
  EXPECT_EQ(rejecting.answerer.stopped.size(), 1U);
  EXPECT_EQ(rejecting.offerer.transport->mid, "1") << "the transport moves to the next m-line";

  ASSERT_TRUE(a.add_transceiver(sender(Kind::audio)));
  const auto reusing = exchange(a, b);
  const auto session = parsed(reusing.offer);
  ASSERT_EQ(session.media.size(), 2U);
  EXPECT_EQ(session.media[0].media, "audio");
  EXPECT_EQ(sdp::value_of(session.media[0].attributes, "mid"), "2") << "a used mid does not come back";
  EXPECT_TRUE(reusing.offerer.media[0].accepted);
  EXPECT_TRUE(reusing.answerer.media[0].accepted);
}

TEST(Offer, AfterARemoteOneKeepsTheNumbersOfThePeer) {
  Negotiation camera;
  ASSERT_TRUE(camera.add_transceiver(sender(Kind::video)));
  ASSERT_TRUE(camera.set_remote_description(offer(captured("chromium_video_recvonly_offer"))));
  ASSERT_TRUE(camera.create_answer(transport()));
  ASSERT_TRUE(camera.set_local_description(answer("")));

  const auto session = parsed(camera.create_offer(transport()).value().sdp);

  EXPECT_EQ(session.media[0].formats, (std::vector<std::string>{"108", "109", "96", "97"}));
  EXPECT_EQ(sdp::value_of(session.media[0].attributes, "extmap"), "9 urn:ietf:params:rtp-hdrext:sdes:mid");
  EXPECT_EQ(sdp::value_of(session.media[0].attributes, "setup"), "actpass");
}

TEST(Offer, AnswersAReofferOfABrowserWithTheLineItAdded) {
  for (const char* browser : {"chromium", "firefox"}) {
    Negotiation negotiation;
    const std::string name = browser;
    ASSERT_TRUE(negotiation.set_remote_description(offer(captured(name + "_call_offer"))));
    ASSERT_TRUE(negotiation.create_answer(transport()));
    ASSERT_TRUE(negotiation.set_local_description(answer("")));

    const auto changes = negotiation.set_remote_description(offer(captured(name + "_call_reoffer")));

    ASSERT_TRUE(changes) << negotiation.detail();
    EXPECT_EQ(changes->created.size(), 1U) << name;
    EXPECT_TRUE(negotiation.create_answer(transport())) << name;
  }
}

TEST(Offer, IsRefusedInTheWrongState) {
  Negotiation negotiation;
  ASSERT_TRUE(negotiation.set_remote_description(offer(description({Line{}}))));
  EXPECT_EQ(negotiation.create_offer(transport()).error(), Errc::wrong_signaling_state);
  ASSERT_TRUE(negotiation.rollback());
  EXPECT_EQ(negotiation.create_answer(transport()).error(), Errc::wrong_signaling_state);
}

}  // namespace
}  // namespace petrel::jsep
