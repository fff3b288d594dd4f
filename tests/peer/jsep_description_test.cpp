#include "peer/jsep_description.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"
#include "sdp/captured.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

Description read(const std::string& text) {
  std::string detail;
  return read_description(offer(text), detail).value();
}

TEST(Description, ReadsCodecsWithTheirRtxAndFeedback) {
  const auto description = read(captured("chromium_video_recvonly_offer"));

  const MediaDescription& video = description.media.at(0);
  ASSERT_FALSE(video.codecs.empty());
  EXPECT_EQ(video.codecs[0].payload_type, 96);
  EXPECT_EQ(video.codecs[0].codec.name, "VP8");
  EXPECT_EQ(video.codecs[0].rtx_payload_type, 97);
  EXPECT_TRUE(video.codecs[0].codec.retransmission);
  EXPECT_EQ(video.codecs[0].codec.feedback,
            (std::vector<std::string>{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}));
}

TEST(Description, GivesFeedbackForAllToAll) {
  const auto description =
      read(testing::description({{.codecs = "a=rtpmap:96 VP8/90000\na=rtcp-fb:* nack\n"}}));
  EXPECT_EQ(description.media.at(0).codecs.at(0).codec.feedback, std::vector<std::string>{"nack"});
}

TEST(Description, KnowsStaticPayloadTypes) {
  const auto description =
      read(testing::description({{.media = "audio 9 UDP/TLS/RTP/SAVPF 0 8 9 13", .codecs = ""}}));
  ASSERT_EQ(description.media.at(0).codecs.size(), 3U);
  EXPECT_EQ(description.media[0].codecs[1].codec.name, "PCMA");
}

TEST(Description, IgnoresRtxOfNothing) {
  const auto description = read(testing::description(
      {{.media = "video 9 UDP/TLS/RTP/SAVPF 96 97 98",
        .codecs =
            "a=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=99\na=rtpmap:98 rtx/90000\n"}}));
  EXPECT_EQ(description.media.at(0).codecs.size(), 1U);
  EXPECT_FALSE(description.media[0].codecs[0].rtx_payload_type);
}

TEST(Description, InheritsFromTheSessionLevel) {
  std::string text = testing::description({Line{}});
  for (const char* line : {"a=ice-ufrag:peer\n", "a=ice-pwd:peerPasswordIsTwentyTwo\n",
                           "a=fingerprint:sha-256 CC:DD\n", "a=setup:actpass\n", "a=sendrecv\n"}) {
    text = replaced(text, line, "");
  }
  const auto description =
      read(replaced(text, "t=0 0\n",
                    "t=0 0\na=ice-lite\na=ice-ufrag:sess\na=ice-pwd:sessPasswordIsTwentyTwo\n"
                    "a=fingerprint:sha-256 EE\na=setup:active\na=recvonly\na=ice-options:trickle\n"));
  const MediaDescription& media = description.media.at(0);
  EXPECT_TRUE(description.ice_lite);
  EXPECT_EQ(media.ice_ufrag, "sess");
  EXPECT_EQ(media.fingerprints, std::vector<std::string>{"sha-256 EE"});
  EXPECT_EQ(media.setup, sdp::Setup::Role::active);
  EXPECT_EQ(media.direction, Direction::recv_only);
  EXPECT_TRUE(media.trickle);
}

TEST(Description, TellsBundleOnlyFromRejected) {
  const auto description = read(captured("firefox_max_bundle_offer"));
  EXPECT_EQ(description.session.media.at(1).port, 0);
  EXPECT_FALSE(description.media.at(1).rejected);
}

TEST(Description, RefusesMidsThatDoNotFit) {
  std::string detail;
  EXPECT_EQ(read_description(offer(testing::description({{}, {}}, "")), detail).error(),
            Errc::malformed_description);
  EXPECT_EQ(read_description(offer(testing::description({{}}, " 0 5")), detail).error(),
            Errc::malformed_description);
  EXPECT_EQ(detail, "a=group:BUNDLE names the mid 5, which no m-line has");
  EXPECT_EQ(read_description(offer(testing::description({{}}, " 0 0")), detail).error(),
            Errc::malformed_description);
}

TEST(Description, FindsTheTaggedMLineInTheOrderOfTheGroup) {
  EXPECT_EQ(read(testing::description({{.mid = "a"}, {.mid = "b"}}, " b a")).tagged(), 1U);
  EXPECT_EQ(read(testing::description({{.mid = "a", .media = "video 0 RTP/SAVPF 96"}, {.mid = "b"}}, " a b"))
                .tagged(),
            1U);
  EXPECT_EQ(read(testing::description({{.mid = "a"}, {.mid = "b"}}, "")).tagged(), 0U);
  EXPECT_EQ(read("v=0\no=- 1 1 IN IP4 a\ns=-\n").tagged(), std::nullopt);
}

TEST(Description, NamesAllStreamsOfAnMLine) {
  const auto description = read(testing::description(
      {{.codecs = "a=rtpmap:96 VP8/90000\na=msid:s1 t\na=msid:s2 t\na=ssrc-group:FID 1 2\na=ssrc:1 cname:c\n"
                  "a=ssrc:2 cname:c\na=ssrc:3 cname:d\n"}}));
  const MediaDescription& media = description.media.at(0);
  EXPECT_EQ(media.stream_ids, (std::vector<std::string>{"s1", "s2"}));
  EXPECT_EQ(media.track_id, "t");
  ASSERT_EQ(media.streams.size(), 2U);
  EXPECT_EQ(media.streams[0].rtx_ssrc, 2U);
  EXPECT_EQ(media.streams[1].cname, "d");
}

}  // namespace
}  // namespace petrel::jsep
