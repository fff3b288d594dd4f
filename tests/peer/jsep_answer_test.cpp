#include <gtest/gtest.h>

#include <algorithm>

#include "peer/jsep_support.hpp"
#include "petrel/peer/jsep.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

struct Answered {
  Changes offered;
  std::string text;
  Changes agreed;
};

Answered answer_to(Negotiation& negotiation, const std::string& text) {
  Answered result;
  result.offered = negotiation.set_remote_description(offer(text)).value();
  result.text = negotiation.create_answer(transport()).value().sdp;
  result.agreed = negotiation.set_local_description(answer("")).value();
  return result;
}

TEST(Answer, ToAPlayerOfChromiumIsThisToTheLine) {
  Negotiation camera({.session_id = 7});
  auto init = sender(Kind::video);
  init.codecs = {h264()};
  ASSERT_TRUE(camera.add_transceiver(init));

  const auto result = answer_to(camera, captured("chromium_video_recvonly_offer"));

  EXPECT_EQ(result.text,
            "v=0\r\n"
            "o=- 7 1 IN IP4 127.0.0.1\r\n"
            "s=-\r\n"
            "t=0 0\r\n"
            "a=group:BUNDLE 0\r\n"
            "a=ice-options:trickle ice2\r\n"
            "a=msid-semantic: WMS *\r\n"
            "m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n"
            "c=IN IP4 0.0.0.0\r\n"
            "a=rtcp:9 IN IP4 0.0.0.0\r\n"
            "a=ice-ufrag:ours\r\n"
            "a=ice-pwd:ourPasswordIsTwentyTwoL\r\n"
            "a=fingerprint:sha-256 AA:BB\r\n"
            "a=setup:active\r\n"
            "a=mid:0\r\n"
            "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
            "a=sendonly\r\n"
            "a=rtcp-mux\r\n"
            "a=rtcp-rsize\r\n"
            "a=rtpmap:108 H264/90000\r\n"
            "a=rtcp-fb:108 ccm fir\r\n"
            "a=rtcp-fb:108 nack\r\n"
            "a=rtcp-fb:108 nack pli\r\n"
            "a=rtcp-fb:108 goog-remb\r\n"
            "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
            "a=rtpmap:109 rtx/90000\r\n"
            "a=fmtp:109 apt=108\r\n"
            "a=msid:camera track\r\n"
            "a=ssrc-group:FID 1000 1001\r\n"
            "a=ssrc:1000 cname:petrel\r\n"
            "a=ssrc:1000 msid:camera track\r\n"
            "a=ssrc:1001 cname:petrel\r\n"
            "a=ssrc:1001 msid:camera track\r\n");
}

TEST(Answer, ToAPlayerOfChromiumTellsThePeerWhatToDo) {
  Negotiation camera;
  auto init = sender(Kind::video);
  init.codecs = {h264(), vp8()};
  const auto id = camera.add_transceiver(init).value();

  const auto result = answer_to(camera, captured("chromium_video_recvonly_offer"));

  ASSERT_EQ(result.agreed.media.size(), 1U);
  const MediaChange& media = result.agreed.media[0];
  EXPECT_TRUE(media.accepted);
  EXPECT_EQ(media.transceiver, id);
  EXPECT_EQ(media.direction, Direction::send_only);
  ASSERT_EQ(media.send_codecs.size(), 2U);
  EXPECT_EQ(media.send_codecs[0].payload_type, 108);
  EXPECT_EQ(media.send_codecs[0].rtx_payload_type, 109);
  EXPECT_EQ(media.send_codecs[0].codec.parameter("packetization-mode"), "1");
  EXPECT_EQ(media.send_codecs[1].payload_type, 96);
  EXPECT_EQ(media.extensions, (std::vector<NegotiatedExtension>{{9, "urn:ietf:params:rtp-hdrext:sdes:mid"}}));
  EXPECT_TRUE(media.reduced_size_rtcp);
  EXPECT_EQ(media.local.rtx_ssrc, 1001U);

  ASSERT_TRUE(result.agreed.transport);
  EXPECT_EQ(result.agreed.transport->mid, "0");
  EXPECT_EQ(result.agreed.transport->ice_ufrag, "u7Kh");
  EXPECT_EQ(result.agreed.transport->ice_pwd, "24wau1hoHQClO3NJtlCUZMIw");
  EXPECT_TRUE(result.agreed.transport->trickle);
  EXPECT_EQ(result.agreed.transport->role, DtlsRole::client);
  EXPECT_EQ(result.agreed.transport->candidates.size(), 4U);
  EXPECT_EQ(result.agreed.transport->candidates[0].candidate,
            "candidate:3879549312 1 udp 2122194687 192.0.2.2 38260 typ host generation 0 network-id 1");
  EXPECT_EQ(result.agreed.state, SignalingState::stable);
  EXPECT_TRUE(result.agreed.negotiated);
  EXPECT_FALSE(camera.negotiation_needed());
}

TEST(Answer, ToACallReceivesItsMedia) {
  for (const char* name : {"chromium_call_offer", "firefox_call_offer"}) {
    Negotiation negotiation;
    const auto result = answer_to(negotiation, captured(name));

    EXPECT_EQ(result.agreed.media.size(), 2U) << name;
    EXPECT_EQ(result.offered.created.size(), 2U) << name;
    EXPECT_EQ(result.agreed.media[0].direction, Direction::recv_only) << name;
    EXPECT_FALSE(result.agreed.media[0].remote_streams.empty()) << name;
    EXPECT_FALSE(result.agreed.media[1].remote_stream_ids.empty()) << name;
  }
}

TEST(Answer, AcceptsSoundAndPictureOfEveryOtherMake) {
  for (const char* name : {"pion_call_offer", "libdatachannel_call_offer", "werift_call_offer",
                           "aiortc_call_offer", "aiortc_1_4_data_offer", "gstreamer_call_offer"}) {
    Negotiation negotiation;
    const auto result = answer_to(negotiation, captured(name));

    ASSERT_EQ(result.agreed.media.size(), 2U) << name;
    for (const MediaChange& media : result.agreed.media) EXPECT_TRUE(media.accepted) << name << media.detail;
    ASSERT_TRUE(result.agreed.transport) << name;
    EXPECT_EQ(result.agreed.transport->role, DtlsRole::client) << name;
    EXPECT_FALSE(result.agreed.transport->candidates.empty()) << name;
  }
}

TEST(Answer, TakesTheCandidatesOfTheTransportInUseOnly) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, captured("firefox_call_offer"));

  ASSERT_TRUE(result.agreed.transport);
  EXPECT_EQ(result.agreed.transport->candidates.size(), 8U);  // Firefox repeats others in each m-line.
  for (const RemoteCandidate& each : result.agreed.transport->candidates) EXPECT_EQ(each.mid, "0");
  EXPECT_TRUE(result.agreed.transport->end_of_candidates);
  EXPECT_EQ(result.agreed.transport->fingerprints.size(), 1U);  // From the session level.
}

TEST(Answer, FindsCandidatesInAnMLineThatItRefused) {
  // A peer that counts on BUNDLE writes candidates into the first m-line alone; here that is refused.
  Line sound = audio_line("0");
  sound.codecs =
      "a=rtpmap:111 silk/48000/2\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\na=end-of-candidates\n";
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({sound, {.mid = "1"}}));

  ASSERT_TRUE(result.agreed.transport);
  EXPECT_EQ(result.agreed.transport->mid, "1");
  ASSERT_EQ(result.agreed.transport->candidates.size(), 1U);
  EXPECT_EQ(result.agreed.transport->candidates[0].mid, "0");
  EXPECT_TRUE(result.agreed.transport->end_of_candidates);
  EXPECT_EQ(sdp::value_of(parsed(result.text).attributes, "group"), "BUNDLE 1");
}

TEST(Answer, AcceptsBundleOnlyMLines) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, captured("firefox_max_bundle_offer"));

  EXPECT_EQ(parsed(result.text).media[1].port, 9);
  EXPECT_EQ(sdp::value_of(parsed(result.text).attributes, "group"), "BUNDLE 0 1");
}

TEST(Answer, DoesNotAgreeToSimulcast) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, captured("chromium_simulcast_offer"));

  EXPECT_EQ(result.text.find("a=simulcast"), std::string::npos);
  EXPECT_TRUE(result.agreed.media[0].accepted);
}

TEST(Answer, NamesBothSidesWhereNoCodecIsCommon) {
  Negotiation camera;
  auto init = sender(Kind::video);
  init.codecs = {h264({"640c1f", 1})};
  ASSERT_TRUE(camera.add_transceiver(init));

  const auto changes = camera.set_remote_description(
      offer(description({{.codecs = "a=rtpmap:96 H264/90000\na=fmtp:96 "
                                    "packetization-mode=1;profile-level-id=42e01f\n"}})));

  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->media.size(), 1U);
  EXPECT_FALSE(changes->media[0].accepted);
  EXPECT_EQ(changes->media[0].reason, Errc::no_common_codec);
  EXPECT_EQ(
      changes->media[0].detail,
      "m-line 0 (video, mid 0): no common codec; ours: H264/90000 640c1f (constrained high) mode 1; theirs: "
      "H264/90000 42e01f (constrained baseline) mode 1");
  EXPECT_FALSE(changes->transport);
}

TEST(Answer, RefusesByNameWhatItCannotDo) {
  struct Row {
    Line line;
    Errc reason;
  };
  const Row table[] = {
      {{.media = "video 0 UDP/TLS/RTP/SAVPF 96"}, Errc::rejected_by_peer},
      {{.media = "video 9 RTP/AVP 96"}, Errc::unsupported_protocol},
      {{.mux = false}, Errc::rtcp_mux_required},
      {{.codecs = "a=rtpmap:96 VP9/90000\n"}, Errc::no_common_codec},
      {{.codecs = ""}, Errc::no_common_codec},
  };
  for (const Row& row : table) {
    Negotiation negotiation;
    ASSERT_TRUE(negotiation.add_transceiver(sender(Kind::video)));
    auto changes = negotiation.set_remote_description(offer(description({row.line})));
    ASSERT_TRUE(changes) << row.line.text();
    const auto text = negotiation.create_answer(transport()).value().sdp;
    EXPECT_EQ(parsed(text).media[0].port, 0) << row.line.text();
    EXPECT_FALSE(sdp::has(parsed(text).attributes, "group"));
    if (row.reason == Errc::rejected_by_peer) continue;  // No transceiver was bound to it.
    ASSERT_EQ(changes->media.size(), 1U);
    EXPECT_EQ(changes->media[0].reason, row.reason) << row.line.text();
  }
}

TEST(Answer, KeepsTheFirstMLineOfAPeerThatDoesNotBundle) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({audio_line("a"), {.mid = "v"}}, ""));

  const auto session = parsed(result.text);
  EXPECT_EQ(session.media[0].port, 9);
  EXPECT_EQ(session.media[1].port, 0);
  ASSERT_EQ(result.agreed.media.size(), 2U);
  EXPECT_EQ(result.agreed.media[1].reason, Errc::not_bundled);
  EXPECT_EQ(result.agreed.stopped.size(), 1U);
}

// The offer has VP8 before H.264, and we the other way round.
TEST(Answer, KeepsTheOffersOrderOfCodecsUnlessAnotherWasChosen) {
  const std::string offered = captured("chromium_video_recvonly_offer");
  Negotiation indifferent;
  const auto followed = answer_to(indifferent, offered);
  EXPECT_LT(followed.text.find("VP8/90000"), followed.text.find("H264/90000"));

  Negotiation choosy;
  auto init = sender(Kind::video);
  init.codecs = {h264(), vp8()};
  ASSERT_TRUE(choosy.add_transceiver(init));
  const auto chosen = answer_to(choosy, offered);
  EXPECT_LT(chosen.text.find("H264/90000"), chosen.text.find("VP8/90000"));
}

TEST(Answer, GivesTheDirectionThatBothWant) {
  using enum Direction;
  struct Row {
    Direction ours;
    const char* theirs;
    Direction answered;
  };
  const Row table[] = {
      {send_recv, "sendrecv", send_recv}, {send_recv, "sendonly", recv_only},
      {send_recv, "recvonly", send_only}, {send_recv, "inactive", inactive},
      {send_only, "sendrecv", send_only}, {send_only, "sendonly", inactive},
      {send_only, "recvonly", send_only}, {send_only, "inactive", inactive},
      {recv_only, "sendrecv", recv_only}, {recv_only, "sendonly", recv_only},
      {recv_only, "recvonly", inactive},  {recv_only, "inactive", inactive},
      {inactive, "sendrecv", inactive},   {inactive, "sendonly", inactive},
      {inactive, "recvonly", inactive},   {inactive, "inactive", inactive},
  };
  for (const Row& row : table) {
    Negotiation negotiation;
    const auto offered = negotiation.set_remote_description(offer(description({{.direction = row.theirs}})));
    ASSERT_TRUE(offered);
    ASSERT_TRUE(negotiation.set_direction(offered->created.at(0), row.ours));
    const auto text = negotiation.create_answer(transport()).value().sdp;
    const auto agreed = negotiation.set_local_description(answer(text)).value();
    EXPECT_EQ(agreed.media.at(0).direction, row.answered) << to_string(row.ours) << ' ' << row.theirs;
    EXPECT_TRUE(sdp::has(parsed(text).media[0].attributes, to_string(row.answered)));
  }
}

TEST(Answer, ChoosesTheRoleThatTheOfferLeaves) {
  struct Row {
    const char* offered;
    DtlsRole preferred;
    const char* answered;
    DtlsRole role;
  };
  const Row table[] = {
      {"actpass", DtlsRole::client, "active", DtlsRole::client},
      {"actpass", DtlsRole::server, "passive", DtlsRole::server},
      {"active", DtlsRole::client, "passive", DtlsRole::server},
      {"passive", DtlsRole::server, "active", DtlsRole::client},
  };
  for (const Row& row : table) {
    Negotiation negotiation({.preferred_role = row.preferred});
    const auto result = answer_to(negotiation, description({{.setup = row.offered}}));
    EXPECT_EQ(sdp::value_of(parsed(result.text).media[0].attributes, "setup"), row.answered) << row.offered;
    EXPECT_EQ(result.agreed.transport->role, row.role) << row.offered;
  }
}

TEST(Answer, KeepsTheRoleOfADtlsAssociationThatGoesOn) {
  Negotiation negotiation;
  answer_to(negotiation, description({{.setup = "active"}}));  // We are the server now.

  const auto again = answer_to(negotiation, description({{.setup = "actpass"}}));
  EXPECT_EQ(again.agreed.transport->role, DtlsRole::server);

  const auto renewed = answer_to(negotiation, replaced(description({Line{}}), "CC:DD", "EE:FF"));
  EXPECT_EQ(renewed.agreed.transport->role, DtlsRole::client);
}

TEST(Answer, WritesNoMidWhereTheOfferHasNone) {
  Negotiation negotiation;
  const auto result = answer_to(negotiation, description({{.mid = ""}}, ""));

  EXPECT_EQ(result.text.find("a=mid"), std::string::npos);
  EXPECT_EQ(result.text.find("a=group"), std::string::npos);
  EXPECT_TRUE(result.agreed.media[0].accepted);
  EXPECT_FALSE(result.agreed.media[0].mid.empty());
}

TEST(Answer, PutsCandidatesIntoTheTaggedMLineOnce) {
  Negotiation negotiation;
  ASSERT_TRUE(
      negotiation.set_remote_description(offer(description({audio_line("a"), {.mid = "v"}}, " v a"))));
  auto local = transport();
  local.candidates = {"candidate:1 1 udp 1 192.0.2.9 9 typ host"};
  ASSERT_TRUE(negotiation.create_answer(local));
  ASSERT_TRUE(negotiation.set_local_description(answer("")));

  const std::vector<std::string> all{local.candidates[0], "candidate:2 1 udp 1 192.0.2.9 10 typ host"};
  const auto session = parsed(negotiation.local_description(all, true)->sdp);

  EXPECT_FALSE(sdp::has(session.media[0].attributes, "candidate"));
  EXPECT_EQ(std::ranges::count(session.media[1].attributes, std::string("candidate"), &sdp::Attribute::name),
            2);
  EXPECT_TRUE(sdp::has(session.media[1].attributes, "end-of-candidates"));
}

}  // namespace
}  // namespace petrel::jsep
