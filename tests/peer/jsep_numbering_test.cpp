#include "peer/jsep_numbering.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"

namespace petrel::jsep {
namespace {

Description described(const std::string& text) {
  std::string detail;
  return read_description({SdpType::offer, text}, detail).value();
}

TEST(Numbering, StartsAt96WithRtxBesideIt) {
  Numbering numbering;
  const auto codecs = numbering.number(std::vector{h264(), vp8()}).value();
  EXPECT_EQ(codecs[0].payload_type, 96);
  EXPECT_EQ(codecs[0].rtx_payload_type, 97);
  EXPECT_EQ(codecs[1].payload_type, 98);
}

TEST(Numbering, SharesEqualCodecsAndSeparatesOthers) {
  Numbering numbering;
  const auto first = numbering.number(std::vector{h264({"42e01f", 1})}).value();
  EXPECT_EQ(numbering.number(std::vector{h264({"42e01f", 1})}).value()[0].payload_type,
            first[0].payload_type);
  EXPECT_NE(numbering.number(std::vector{h264({"42e028", 1})}).value()[0].payload_type,
            first[0].payload_type);
}

TEST(Numbering, LeavesDoublesOut) {
  Numbering numbering;
  EXPECT_EQ(numbering.number(std::vector{vp8(), vp8()}).value().size(), 1U);
}

TEST(Numbering, UsesOurNumbersAgainAndNeverTheirs) {
  const auto used = described(petrel::testing::description({petrel::testing::Line{}}));
  Numbering ours;
  ours.remember(used, true);
  EXPECT_EQ(ours.number(std::vector{vp8()}).value()[0].payload_type, 96);
  Numbering theirs;
  theirs.remember(used, false);
  EXPECT_EQ(theirs.number(std::vector{vp8()}).value()[0].payload_type, 97);
}

TEST(Numbering, GivesAnExtensionOneIdPerSession) {
  Numbering numbering;
  const std::vector<HeaderExtension> extensions{{"urn:a", true, false}, {"urn:b", true, true}};
  EXPECT_EQ(numbering.number(extensions, Kind::audio).size(), 2U);
  const auto video = numbering.number(extensions, Kind::video);
  ASSERT_EQ(video.size(), 1U);
  EXPECT_EQ(video[0].id, 2);
}

TEST(Numbering, LeavesOutExtensionsBeyondTheOneByteIds) {
  Numbering numbering;
  std::vector<HeaderExtension> extensions;
  for (int i = 0; i < 15; ++i) extensions.push_back({"urn:" + std::to_string(i), true, true});
  EXPECT_EQ(numbering.number(extensions, Kind::video).size(), 14U);
}

}  // namespace
}  // namespace petrel::jsep
