#include "peer/jsep_sections.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"

namespace petrel::jsep {
namespace {

TEST(Sections, AnnounceNoStreamThatIsNotSent) {
  SectionContent content;
  content.direction = Direction::recv_only;
  content.sender.ssrc = 1;
  const auto section = media_section(content, petrel::testing::transport(), sdp::Setup::Role::active);
  EXPECT_FALSE(sdp::has(section.attributes, "msid"));
  EXPECT_FALSE(sdp::has(section.attributes, "ssrc"));
}

TEST(Sections, LeaveTheRtxStreamOutWithoutRtx) {
  SectionContent content;
  content.direction = Direction::send_only;
  content.codecs = {{96, vp8(), std::nullopt}};
  content.sender = {{"s"}, "t", 1, 2};
  const auto section = media_section(content, petrel::testing::transport(), sdp::Setup::Role::active);
  EXPECT_FALSE(sdp::has(section.attributes, "ssrc-group"));
  EXPECT_EQ(sdp::read_all<sdp::SsrcAttribute>(section.attributes).size(), 2U);
}

TEST(Sections, KeepThePlaceOfARejectedMLine) {
  MediaDescription media;
  media.media = "application";
  media.protocol = "DTLS/SCTP";
  media.formats = {"5000"};
  media.mid = "d";
  media.mid_is_written = true;
  const auto section = rejected_section(media);
  EXPECT_EQ(section.port, 0);
  EXPECT_EQ(section.formats, media.formats);
  EXPECT_EQ(sdp::value_of(section.attributes, "mid"), "d");
}

TEST(Sections, ReadCandidatesInBothForms) {
  EXPECT_EQ(candidate_attribute("candidate:1 x"), (sdp::Attribute{"candidate", "1 x"}));
  EXPECT_EQ(candidate_attribute("a=candidate:1 x"), (sdp::Attribute{"candidate", "1 x"}));
  for (const char* text :
       {"", "candidate", "candidate:", "candidates:1", "candidate:1\na=b", "candidate:1\r"}) {
    EXPECT_EQ(candidate_attribute(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace petrel::jsep
