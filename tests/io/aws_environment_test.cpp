#include "io/aws_environment.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "petrel/tls/identity.hpp"

namespace petrel::inline v0::io {
namespace {

// A home directory of its own for each test.
class AwsEnvironmentTest : public ::testing::Test {
 protected:
  AwsEnvironmentTest()
      : home_(
            std::filesystem::path(::testing::TempDir()) /
            ("petrel-aws-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_ / ".aws");
    variables_["HOME"] = home_.string();
  }
  ~AwsEnvironmentTest() override { std::filesystem::remove_all(home_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = home_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  AwsEnvironment environment() const { return AwsEnvironment(variables_); }
  kvs::Credentials credentials(const std::string& profile = {}) const {
    const auto found = environment().credentials(profile);
    const auto* given = std::get_if<kvs::Credentials>(&found);
    return given != nullptr ? *given : kvs::Credentials{};
  }
  AwsEnvironment::Missing missing(const std::string& profile = {}) const {
    const auto found = environment().credentials(profile);
    const auto* why = std::get_if<AwsEnvironment::Missing>(&found);
    return why != nullptr ? *why : AwsEnvironment::Missing{};
  }

  std::filesystem::path home_;
  kvs::EnvironmentVariables variables_;
};

TEST_F(AwsEnvironmentTest, TakesKeysFromTheEnvironmentFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  variables_["AWS_ACCESS_KEY_ID"] = "ENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(credentials().access_key_id, "ENV");
  // But not where a profile was asked for by its name.
  EXPECT_EQ(credentials("default").access_key_id, "FILE");
}

TEST_F(AwsEnvironmentTest, TakesProfilesFromFiles) {
  write(".aws/credentials", "[camera]\naws_access_key_id=CAMERA\naws_secret_access_key=s\n");
  write(".aws/config", "[profile camera]\nregion=eu-west-1\n");
  EXPECT_EQ(credentials("camera").access_key_id, "CAMERA");
  EXPECT_EQ(environment().region("camera"), "eu-west-1");
  variables_["AWS_PROFILE"] = "camera";
  EXPECT_EQ(credentials().access_key_id, "CAMERA");
  variables_["AWS_REGION"] = "us-west-2";
  EXPECT_EQ(environment().region({}), "us-west-2");
  // Read anew each time.
  write(".aws/credentials", "[camera]\naws_access_key_id=NEW\naws_secret_access_key=s\n");
  EXPECT_EQ(credentials().access_key_id, "NEW");
}

TEST_F(AwsEnvironmentTest, FilesMayBeElsewhere) {
  variables_["AWS_SHARED_CREDENTIALS_FILE"] =
      write("mine", "[default]\naws_access_key_id=MINE\naws_secret_access_key=s\n");
  EXPECT_EQ(credentials().access_key_id, "MINE");
}

TEST_F(AwsEnvironmentTest, SaysWhatToDoWithoutAny) {
  EXPECT_EQ(missing().error, kvs::Errc::no_credentials);
  EXPECT_NE(missing().detail.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(missing("camera").error, kvs::Errc::bad_profile);
  EXPECT_NE(missing("camera").detail.find("'camera'"), std::string::npos);
}

TEST_F(AwsEnvironmentTest, EndpointsHaveTwoNames) {
  EXPECT_EQ(environment().endpoint_url(), "");
  variables_["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_EQ(environment().endpoint_url(), "http://all");
  variables_["AWS_ENDPOINT_URL_KINESIS_VIDEO"] = "http://kvs";
  EXPECT_EQ(environment().endpoint_url(), "http://kvs");
}

TEST_F(AwsEnvironmentTest, RootsComeFromAFile) {
  EXPECT_EQ(environment().ca_pem(), "");
  variables_["AWS_CA_BUNDLE"] = write("ca.pem", "PEM");
  EXPECT_EQ(environment().ca_pem(), "PEM");
  variables_["AWS_CA_BUNDLE"] = (home_ / "nothing").string();
  EXPECT_THROW(environment().ca_pem(), std::system_error);
}

TEST_F(AwsEnvironmentTest, AwsIotNeedsAllOfItsNames) {
  const auto identity = tls::ServerIdentity::self_signed({"camera"});
  ASSERT_TRUE(identity);
  variables_["AWS_IOT_CORE_CREDENTIAL_ENDPOINT"] = "x.credentials.iot.eu-west-1.amazonaws.com";
  variables_["AWS_IOT_CORE_ROLE_ALIAS"] = "role";
  EXPECT_FALSE(environment().iot_provider());
  variables_["AWS_IOT_CORE_THING_NAME"] = "camera";
  EXPECT_THROW(environment().iot_provider(), std::system_error);
  variables_["AWS_IOT_CORE_CERT"] = write("cert.pem", identity->certificate_pem());
  variables_["AWS_IOT_CORE_PRIVATE_KEY"] = write("key.pem", identity->private_key_pem());
  const auto provider = environment().iot_provider();
  ASSERT_TRUE(provider);
  EXPECT_EQ(provider->thing_name, "camera");
  EXPECT_TRUE(provider->identity);
  variables_["AWS_IOT_CORE_PRIVATE_KEY"] = write("key.pem", "no key");
  EXPECT_THROW(environment().iot_provider(), std::system_error);
}

}  // namespace
}  // namespace petrel::inline v0::io
