#include "peer/media_mapping.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::detail {
namespace {

jsep::MediaChange video_change() {
  jsep::MediaChange change;
  change.mid = "v";
  change.kind = Kind::video;
  change.direction = Direction::send_recv;
  change.send_codecs = {{102, h264(), 103}};
  change.receive_codecs = {{96, vp8(), 97}, {102, h264(), 103}};
  change.extensions = {{4, "urn:ietf:params:rtp-hdrext:sdes:mid"}, {9, "urn:example:unknown"}};
  change.remote_streams = {{1234, 5678, "cname"}};
  change.local.ssrc = 42;
  change.local.rtx_ssrc = 43;
  change.reduced_size_rtcp = true;
  return change;
}

TEST(MediaMapping, PutsWhatIsSentFirstAndNothingTwice) {
  const rtp::MediaConfig config = to_media_config(video_change());

  ASSERT_EQ(config.payloads.size(), 2u);
  EXPECT_EQ(config.payloads[0].payload_type, rtp::PayloadType{102});
  EXPECT_EQ(config.payloads[0].format, rtp::PayloadFormat::h264);
  EXPECT_EQ(config.payloads[0].rtx, rtp::PayloadType{103});
  EXPECT_EQ(config.payloads[1].payload_type, rtp::PayloadType{96});
  EXPECT_EQ(config.payloads[1].format, rtp::PayloadFormat::vp8);
  EXPECT_TRUE(config.sending);
  EXPECT_TRUE(config.receiving);
}

TEST(MediaMapping, CarriesFeedbackExtensionsAndSsrcs) {
  const rtp::MediaConfig config = to_media_config(video_change());

  EXPECT_TRUE(config.payloads[0].feedback.nack);
  EXPECT_TRUE(config.payloads[0].feedback.pli);
  EXPECT_TRUE(config.payloads[0].feedback.fir);
  EXPECT_EQ(config.extensions.mid, 4);
  EXPECT_EQ(config.extensions.audio_level, std::nullopt);
  ASSERT_EQ(config.remote_streams.size(), 1u);
  EXPECT_EQ(config.remote_streams[0].ssrc, rtp::Ssrc{1234});
  EXPECT_EQ(config.remote_streams[0].rtx, rtp::Ssrc{5678});
  EXPECT_EQ(config.local_ssrc, rtp::Ssrc{42});
  EXPECT_EQ(config.local_rtx_ssrc, rtp::Ssrc{43});
  EXPECT_TRUE(config.reduced_size_rtcp);
}

TEST(MediaMapping, DoesNotSendWhatWasOnlyToBeReceived) {
  jsep::MediaChange change = video_change();
  change.direction = Direction::recv_only;
  const rtp::MediaConfig config = to_media_config(change);
  EXPECT_FALSE(config.sending);
  EXPECT_TRUE(config.receiving);
}

TEST(MediaMapping, TreatsAnUnknownCodecAsFramesThatAreWholePayloads) {
  jsep::MediaChange change = video_change();
  change.kind = Kind::audio;
  Codec pcmu;
  pcmu.kind = Kind::audio;
  pcmu.name = "PCMU";
  pcmu.clock_rate = 8000;
  change.send_codecs = {{0, pcmu, std::nullopt}};
  change.receive_codecs = {};
  const rtp::MediaConfig config = to_media_config(change);
  ASSERT_EQ(config.payloads.size(), 1u);
  EXPECT_EQ(config.payloads[0].format, rtp::PayloadFormat::raw);
  EXPECT_EQ(config.kind, rtp::MediaKind::audio);
  EXPECT_FALSE(config.receiving);
}

}  // namespace
}  // namespace petrel::inline v0::detail
