#include "petrel/kvs/channel.hpp"

#include <gtest/gtest.h>

#include <string>

namespace petrel::inline v0::kvs {
namespace {

TEST(Channel, ReadsItsArn) {
  const auto arn =
      parse_channel_arn("arn:aws-cn:kinesisvideo:cn-north-1:123456789012:channel/front.door_1/1234567890123");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->partition, "aws-cn");
  EXPECT_EQ(arn->region, "cn-north-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->name, "front.door_1");
}

TEST(Channel, RefusesOtherArns) {
  for (const std::string_view text :
       {"", "front-door", "arn:aws:s3:eu-west-1:1:channel/a/1", "arn:aws:kinesisvideo:eu-west-1:1:stream/a/1",
        "arn:aws:kinesisvideo:eu-west-1:x:channel/a/1", "arn:aws:kinesisvideo:eu west:1:channel/a/1",
        "arn:aws:kinesisvideo:eu-west-1:1:channel/a", "arn:aws:kinesisvideo:eu-west-1:1:channel/a b/1",
        "arn:aws:kinesisvideo:eu-west-1:1:channel/a/1/2", "arn:other:kinesisvideo:eu-west-1:1:channel/a/1"}) {
    EXPECT_FALSE(parse_channel_arn(text)) << text;
  }
  EXPECT_FALSE(parse_channel_arn("arn:aws:kinesisvideo:eu-west-1:1:channel/a/" + std::string(1100, '1')));
}

TEST(Channel, KnowsNamesAndClientIds) {
  EXPECT_TRUE(is_channel_name("a-Z_0.9"));
  EXPECT_FALSE(is_channel_name(""));
  EXPECT_FALSE(is_channel_name("a b"));
  EXPECT_TRUE(is_channel_name(std::string(256, 'x')));
  EXPECT_FALSE(is_channel_name(std::string(257, 'x')));
  EXPECT_TRUE(is_client_id("viewer_01.A-b"));
  EXPECT_TRUE(is_client_id("aws"));
  EXPECT_FALSE(is_client_id("AWS_x"));
  EXPECT_FALSE(is_client_id("aWs_"));
}

TEST(Channel, KnowsTheHostsOfARegion) {
  EXPECT_EQ(control_plane_url("eu-west-1"), "https://kinesisvideo.eu-west-1.amazonaws.com");
  EXPECT_EQ(control_plane_url("cn-north-1"), "https://kinesisvideo.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(control_plane_url("us-iso-east-1"), "https://kinesisvideo.us-iso-east-1.c2s.ic.gov");
  EXPECT_EQ(control_plane_url("us-isob-east-1"), "https://kinesisvideo.us-isob-east-1.sc2s.sgov.gov");
  EXPECT_EQ(stun_url("us-west-2"), "stun:stun.kinesisvideo.us-west-2.amazonaws.com:443");
}

TEST(Channel, SpellsItsRoles) {
  EXPECT_EQ(to_string(Role::master), "MASTER");
  EXPECT_EQ(to_string(Role::viewer), "VIEWER");
}

}  // namespace
}  // namespace petrel::inline v0::kvs
