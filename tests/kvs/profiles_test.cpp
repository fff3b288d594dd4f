#include "petrel/kvs/profiles.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::kvs {
namespace {

constexpr std::string_view credentials_text = R"(# mine
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key=secret/default+  # the old one
[ camera ]
aws_access_key_id=AKIDCAMERA
aws_secret_access_key = s#with;marks
aws_session_token = token==
)";
constexpr std::string_view config_text =
    "[default]\r\nregion = eu-west-1\r\n\r\n[profile camera]\r\nregion=us-west-2\r\ns3 =\r\n  "
    "region = nested\r\n[profile keys]\naws_access_key_id=A\naws_secret_access_key=B\n[profile "
    "role]\nrole_arn = x\n";

TEST(Profiles, ReadBothFiles) {
  const auto profile = read_profile(credentials_text, config_text, "default");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->credentials.access_key_id, "AKIDEFAULT");
  EXPECT_EQ(profile->credentials.secret_access_key.reveal(), "secret/default+");
  EXPECT_TRUE(profile->credentials.session_token.empty());
  EXPECT_EQ(profile->region, "eu-west-1");
}

TEST(Profiles, HaveNamesOfTwoKinds) {
  const auto profile = read_profile(credentials_text, config_text, "camera");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->credentials.access_key_id, "AKIDCAMERA");
  EXPECT_EQ(profile->credentials.secret_access_key.reveal(), "s#with;marks");
  EXPECT_EQ(profile->credentials.session_token.reveal(), "token==");
  EXPECT_EQ(profile->region, "us-west-2");
  EXPECT_EQ(read_profile("", config_text, "keys").value().credentials.access_key_id, "A");
}

TEST(Profiles, MissingOrOfAnotherKindAreErrors) {
  EXPECT_EQ(read_profile(credentials_text, config_text, "nobody").error(), Errc::bad_profile);
  EXPECT_EQ(read_profile("", "", "default").error(), Errc::bad_profile);
  EXPECT_EQ(read_profile(credentials_text, config_text, "role").error(), Errc::bad_profile);
  EXPECT_EQ(read_profile("[default", "[", "default").error(), Errc::bad_profile);
}

TEST(Profiles, TheEnvironmentHasItsNames) {
  const Profile profile = read_environment({{"AWS_ACCESS_KEY_ID", "A"},
                                            {"AWS_SECRET_ACCESS_KEY", "B"},
                                            {"AWS_SESSION_TOKEN", "C"},
                                            {"AWS_DEFAULT_REGION", "eu-west-1"}});
  EXPECT_EQ(profile.credentials.access_key_id, "A");
  EXPECT_EQ(profile.credentials.session_token.reveal(), "C");
  EXPECT_EQ(profile.region, "eu-west-1");
  EXPECT_EQ(read_environment({{"AWS_REGION", "a"}, {"AWS_DEFAULT_REGION", "b"}}).region, "a");
  EXPECT_TRUE(read_environment({}).credentials.empty());
}

}  // namespace
}  // namespace petrel::inline v0::kvs
