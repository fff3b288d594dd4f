#include "petrel/sdp/attributes.hpp"

#include <gtest/gtest.h>

#include "petrel/sdp/parser.hpp"
#include "sdp/captured.hpp"

namespace petrel::sdp {
namespace {

// Reads each value and expects it back, or expects that it is refused.
template <class T>
void expect_round_trip(std::initializer_list<const char*> good, std::initializer_list<const char*> bad) {
  for (const char* value : good) {
    const auto read = T::parse(value);
    ASSERT_TRUE(read) << T::name << ": " << value;
    EXPECT_EQ(read->text(), value) << T::name;
    const auto blank = T::parse(std::string(value) + " ");
    ASSERT_TRUE(blank) << T::name << " with a blank at the end: " << value;
    EXPECT_EQ(blank->text(), value) << T::name;
  }
  for (const char* value : bad) EXPECT_FALSE(T::parse(value)) << T::name << ": " << value;
}

TEST(GroupAttribute, ReadsAndWrites) {
  expect_round_trip<Group>({"BUNDLE 0 1 audio", "BUNDLE", "LS a b"}, {"", "(x) 1"});
  const auto group = Group::parse("BUNDLE 0 video");
  ASSERT_TRUE(group);
  EXPECT_EQ(group->semantics, "BUNDLE");
  EXPECT_EQ(group->mids, (std::vector<std::string>{"0", "video"}));
}

TEST(MidAttribute, IsAToken) { expect_round_trip<Mid>({"0", "audio", "{a}"}, {"", "a b", "a:b"}); }

TEST(SetupAttribute, IsOneOfFour) {
  expect_round_trip<sdp::Setup>({"active", "passive", "actpass", "holdconn"}, {"", "Active", "both"});
}

TEST(IceOptionsAttribute, IsAListOfWords) {
  const auto options = IceOptions::parse("trickle  renomination ");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->options, (std::vector<std::string>{"trickle", "renomination"}));
  EXPECT_EQ(options->text(), "trickle renomination");
}

TEST(IceOptionsAttribute, MayHaveTheCommasOfLibdatachannel) {
  const auto options = IceOptions::parse("ice2,trickle");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->options, (std::vector<std::string>{"ice2", "trickle"}));
}

TEST(SctpAttributes, ReadAndWrite) {
  expect_round_trip<SctpPort>({"5000", "0"}, {"", "65536", "x"});
  expect_round_trip<MaxMessageSize>({"0", "262144", "1073741823"}, {"", "-1", "1k"});
  expect_round_trip<SctpInit>({"AQAAHGVPFd8AEAAA/////9tAK2qACAAIgsBAwg=="}, {"", "AQAAHGVPF", "A-_="});
  expect_round_trip<SctpMap>({"5000 webrtc-datachannel 65535", "5000 webrtc-datachannel"},
                             {"", "5000", "x webrtc-datachannel", "5000 a b", "5000 a 1 2"});
}

TEST(Direction, IsAnAttributeName) {
  for (const char* word : {"sendrecv", "sendonly", "recvonly", "inactive"}) {
    ASSERT_TRUE(parse_direction(word)) << word;
    EXPECT_EQ(to_string(*parse_direction(word)), word);
  }
  EXPECT_EQ(parse_direction("Sendrecv"), std::nullopt);
  EXPECT_EQ(direction_of({{"mid", "0"}}), std::nullopt);
  EXPECT_EQ(direction_of({{"sendonly", {}}, {"mid", "0"}, {"inactive", {}}}), MediaDirection::inactive);
}

TEST(IceCredentials, HaveTheLengthsAndCharactersOfRfc8839) {
  EXPECT_TRUE(is_ice_ufrag("u7Kh"));
  EXPECT_FALSE(is_ice_ufrag("u7K"));
  EXPECT_FALSE(is_ice_ufrag("u7K-"));
  EXPECT_TRUE(is_ice_ufrag(std::string(256, 'a')));
  EXPECT_FALSE(is_ice_ufrag(std::string(257, 'a')));
  EXPECT_TRUE(is_ice_pwd("24wau1hoHQClO3NJtlCUZM"));
  EXPECT_FALSE(is_ice_pwd("24wau1hoHQClO3NJtlCUZ"));
}

TEST(Read, FindsTheFirstAndAll) {
  const auto session = parse(petrel::testing::captured("chromium_call_offer"));
  ASSERT_TRUE(session);
  const Attributes& video = session->media[1].attributes;

  EXPECT_EQ(read<Mid>(video)->mid, "1");
  EXPECT_EQ(read<SctpPort>(video).has_value(), false);
  EXPECT_EQ(read<SctpPort>(session->media[2].attributes)->port, 5000);
  EXPECT_EQ(read<sdp::Setup>(video)->role, sdp::Setup::Role::actpass);
  EXPECT_EQ(read_all<RtpMap>(video).size(), session->media[1].formats.size());
}

TEST(ToAttribute, CarriesTheName) {
  EXPECT_EQ(to_attribute(Mid{"7"}), (Attribute{"mid", "7"}));
  EXPECT_EQ(to_attribute(RtpMap{96, "VP8", 90000, 1}), (Attribute{"rtpmap", "96 VP8/90000"}));
}

}  // namespace
}  // namespace petrel::sdp
