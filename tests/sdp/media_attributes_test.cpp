#include <gtest/gtest.h>

#include "petrel/sdp/attributes.hpp"

namespace petrel::sdp {
namespace {

template <class T>
void expect_round_trip(std::initializer_list<const char*> good, std::initializer_list<const char*> bad) {
  for (const char* value : good) {
    const auto read = T::parse(value);
    ASSERT_TRUE(read) << T::name << ": " << value;
    EXPECT_EQ(read->text(), value) << T::name;
  }
  for (const char* value : bad) EXPECT_FALSE(T::parse(value)) << T::name << ": " << value;
}

TEST(RtpMapAttribute, ReadsAndWrites) {
  expect_round_trip<RtpMap>({"111 opus/48000/2", "96 VP8/90000", "0 PCMU/8000", "49 flexfec-03/90000"},
                            {"", "96", "96 VP8", "96 VP8/", "96 VP8/0", "128 VP8/90000", "x VP8/90000",
                             "96 /90000", "96 opus/48000/0", "96 opus/48000/x", "96 VP8/90000 more"});
  const auto map = RtpMap::parse("111 opus/48000/2 ");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->payload_type, 111);
  EXPECT_EQ(map->encoding, "opus");
  EXPECT_EQ(map->clock_rate, 48000U);
  EXPECT_EQ(map->channels, 2);
}

TEST(RtpMapAttribute, HasOneChannelUnlessItSaysMore) {
  EXPECT_EQ(RtpMap::parse("8 PCMA/8000")->channels, 1);
  EXPECT_EQ(RtpMap::parse("9 G722/8000/1")->channels, 1);
}

TEST(FormatParametersAttribute, ReadsAndWrites) {
  expect_round_trip<FormatParameters>(
      {"108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", "97 apt=96",
       "63 111/111", "126 0-15", "96"},
      {"", " "});
  const auto format = FormatParameters::parse("102 a=1; b = 2 ;;c;sprop-parameter-sets=Z0LAH9k=,aMuDyyA=");
  ASSERT_TRUE(format);
  EXPECT_EQ(format->format, "102");
  EXPECT_EQ(format->parameters,
            (std::vector<FormatParameter>{
                {"a", "1"}, {"b", "2"}, {"", "c"}, {"sprop-parameter-sets", "Z0LAH9k=,aMuDyyA="}}));
}

TEST(FormatParametersAttribute, LeaveOutWhatHasNoName) {
  const auto format = FormatParameters::parse("63 a=1;=; =x;==y;b=");
  ASSERT_TRUE(format);
  EXPECT_EQ(format->parameters, (std::vector<FormatParameter>{{"a", "1"}, {"b", ""}}));
  EXPECT_EQ(FormatParameters::parse(format->text())->parameters, format->parameters);
}

TEST(RtcpFeedbackAttribute, ReadsAndWrites) {
  expect_round_trip<RtcpFeedback>({"96 nack", "96 nack pli", "* transport-cc", "* ack ccfb"},
                                  {"", "96", "*", "x nack", "200 nack"});
  EXPECT_EQ(RtcpFeedback::parse("* nack")->payload_type, std::nullopt);
  EXPECT_EQ(RtcpFeedback::parse("96  ccm   fir ")->feedback, "ccm fir");
}

TEST(ExtensionMapAttribute, ReadsAndWrites) {
  expect_round_trip<ExtensionMap>(
      {"9 urn:ietf:params:rtp-hdrext:sdes:mid", "6/recvonly http://x/playout-delay", "255 urn:x a=1 b",
       "4096 urn:x", "4351 urn:x"},
      {"", "9", "x urn:x", "0 urn:x", "256 urn:x", "4095 urn:x", "4352 urn:x", "1/both urn:x"});
  const auto map = ExtensionMap::parse("6/recvonly urn:x attributes here");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->id, 6);
  EXPECT_EQ(map->direction, MediaDirection::recvonly);
  EXPECT_EQ(map->uri, "urn:x");
  EXPECT_EQ(map->extension_attributes, "attributes here");
}

TEST(MsidAttribute, ReadsAndWrites) {
  expect_round_trip<Msid>({"stream track", "- track", "stream"}, {"", " "});
  EXPECT_EQ(Msid::parse("s t")->track_id, "t");
}

TEST(SsrcAttributes, ReadAndWrite) {
  expect_round_trip<SsrcAttribute>({"1234 cname:a b", "4294967295 msid:s t", "1 x"},
                                   {"", "x cname:a", "4294967296 a:b"});
  expect_round_trip<SsrcGroup>({"FID 1 2", "SIM 1 2 3", "FID"}, {"", "FID x", "FID 4294967296"});
  std::string most = "SIM";
  for (std::size_t i = 0; i < SsrcGroup::max_ssrcs; ++i) most += " 1";
  EXPECT_TRUE(SsrcGroup::parse(most));
  EXPECT_FALSE(SsrcGroup::parse(most + " 1"));
}

TEST(RtcpPortAttribute, ReadsAndWrites) {
  expect_round_trip<RtcpPort>({"9 IN IP4 0.0.0.0", "39644"}, {"", "x", "9 IN", "9 IN IP4 a b"});
}

TEST(RidAttribute, ReadsAndWrites) {
  expect_round_trip<Rid>({"f send", "h recv pt=96;max-width=1280"}, {"", "f", "f both", "a:b send"});
}

}  // namespace
}  // namespace petrel::sdp
