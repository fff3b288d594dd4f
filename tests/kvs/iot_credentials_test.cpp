#include "petrel/kvs/iot_credentials.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::kvs {
namespace {

TEST(IotCredentials, AsksByRoleAliasAndThing) {
  const IotProvider provider{.endpoint = "abc.credentials.iot.eu-west-1.amazonaws.com",
                             .role_alias = "Camera Role",
                             .thing_name = "camera-7"};
  const auto url = iot_url(provider);
  ASSERT_TRUE(url);
  EXPECT_EQ(to_string(*url),
            "https://abc.credentials.iot.eu-west-1.amazonaws.com/role-aliases/Camera%20Role/credentials");
  EXPECT_EQ(iot_request(provider).headers.get("X-Amzn-Iot-Thingname"), "camera-7");
  EXPECT_FALSE(iot_url({.endpoint = "not a host"}));
}

constexpr std::string_view answer =
    R"({"credentials":{"accessKeyId":"ASIA","secretAccessKey":"s","sessionToken":"t","expiration":"2024-01-15T11:30:45Z"}})";

TEST(IotCredentials, ReadsTheAnswer) {
  const auto credentials = read_iot_credentials(answer);
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->access_key_id, "ASIA");
  EXPECT_EQ(credentials->secret_access_key.reveal(), "s");
  EXPECT_EQ(credentials->session_token.reveal(), "t");
  EXPECT_EQ(credentials->expires_at, 1'705'318'245);
}

TEST(IotCredentials, NoPrefixIsAnAnswer) {
  for (std::size_t size = 0; size < answer.size(); ++size)
    EXPECT_FALSE(read_iot_credentials(answer.substr(0, size)));
  EXPECT_FALSE(read_iot_credentials(R"({"credentials":{}})"));
  EXPECT_FALSE(read_iot_credentials(
      R"({"credentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t"}})"));
}

TEST(IotCredentials, ReadsDates) {
  EXPECT_EQ(parse_iso_date("2024-01-15T10:30:45Z"), 1'705'314'645);
  EXPECT_EQ(parse_iso_date("2024-01-15T10:30:45.123Z"), 1'705'314'645);
  for (const std::string_view text :
       {"", "2024-01-15", "2024-01-15T10:30:45", "2024-01-15 10:30:45Z", "2024/01/15T10:30:45Z",
        "2024-01-15T10:30:45+01:00", "2024-01-15T10:30:45.xZ", "2024-13-15T10:30:45Z"}) {
    EXPECT_FALSE(parse_iso_date(text)) << text;
  }
}

}  // namespace
}  // namespace petrel::inline v0::kvs
