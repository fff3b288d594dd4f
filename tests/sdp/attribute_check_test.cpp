#include <gtest/gtest.h>

#include "petrel/sdp/attributes.hpp"
#include "petrel/sdp/parser.hpp"
#include "sdp/captured.hpp"

namespace petrel::sdp {
namespace {

TEST(AttributeCheck, LetsThroughWhatItDoesNotKnow) {
  EXPECT_EQ(complaint_about({"x-anything", "\xff ::"}), nullptr);
  EXPECT_EQ(complaint_about({"candidate", "is text here"}), nullptr);
  EXPECT_EQ(complaint_about({"fingerprint", "is text here"}), nullptr);
}

TEST(AttributeCheck, HasNoComplaintAboutBrowsers) {
  for (const std::string& name : petrel::testing::captured_names()) {
    const auto session = parse(petrel::testing::captured(name));
    ASSERT_TRUE(session);
    for (const MediaSection& media : session->media) {
      for (const Attribute& each : media.attributes) EXPECT_EQ(complaint_about(each), nullptr) << each.name;
    }
  }
}

TEST(AttributeCheck, ComplainsAboutEachThatNegotiationDependsOn) {
  for (const char* name :
       {"rtpmap", "fmtp", "rtcp-fb", "extmap", "msid", "ssrc", "ssrc-group", "group", "mid", "setup", "rtcp",
        "sctp-port", "max-message-size", "sctpmap", "ice-ufrag", "ice-pwd"}) {
    EXPECT_NE(complaint_about({name, std::nullopt}), nullptr) << name;
    EXPECT_NE(complaint_about({name, ""}), nullptr) << name;
  }
}

TEST(AttributeCheck, NamesTheLengthOfIceCredentials) {
  EXPECT_STREQ(complaint_about({"ice-ufrag", "abc"}), "not 4 to 256 ICE characters");
  EXPECT_EQ(complaint_about({"ice-ufrag", "abcd "}), nullptr);
  EXPECT_STREQ(complaint_about({"ice-pwd", "short"}), "not 22 to 256 ICE characters");
}

}  // namespace
}  // namespace petrel::sdp
