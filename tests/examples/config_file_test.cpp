#include "shared/config_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "camera/options.hpp"
#include "shared/user_error.hpp"

namespace shared {
namespace {

std::map<std::string, ConfigEntry> read(const std::string& text) {
  std::istringstream in(text);
  return read_config(in, "a.conf");
}

std::string complaint_about(const std::string& text) {
  try {
    read(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

TEST(ConfigFile, IsReadLineByLine) {
  const auto entries = read(
      "# a comment\n\n  size = 640x360 \r\nrelay-only\nice-server=turn:a,u,p#=1\n"
      "  # another\nallow-host = \"b c\"\nallow-host = d\n");
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries.at("size").values, std::vector<std::string>{"640x360"});
  EXPECT_EQ(entries.at("size").line, 3);
  EXPECT_EQ(entries.at("relay-only").values, std::vector<std::string>{"true"});
  EXPECT_EQ(entries.at("ice-server").values, std::vector<std::string>{"turn:a,u,p#=1"})
      << "a password may have both characters in it";
  EXPECT_EQ(entries.at("allow-host").values, (std::vector<std::string>{"b c", "d"}));
}

TEST(ConfigFile, NamesTheLineThatIsNone) {
  EXPECT_EQ(complaint_about("size = 1x1\n= 5\n"),
            "a.conf, line 2: write an option as NAME = VALUE, without dashes.");
  EXPECT_NE(complaint_about("two words = 5"), "");
  EXPECT_NE(complaint_about("two words"), "");
  EXPECT_EQ(complaint_about("\n\ntoken = \n"),
            "a.conf, line 3: token has no value; put # before the line to leave it out.");
  EXPECT_NE(complaint_about("token = \"\""), "");
  EXPECT_NE(complaint_about(std::string(10'001, '\n')).find("line 10001"), std::string::npos);
}

class CameraConfig : public ::testing::Test {
 protected:
  std::variant<camera::Options, EarlyExit> parse(const std::string& text,
                                                 std::vector<const char*> arguments = {}) {
    std::ofstream(path_) << text;
    arguments.insert(arguments.begin(), {"petrel-camera", "--config", path_.c_str()});
    return camera::parse_options(static_cast<int>(arguments.size()), arguments.data());
  }
  camera::Options accepted(const std::string& text, std::vector<const char*> arguments = {}) {
    const auto outcome = parse(text, std::move(arguments));
    if (const auto* exit = std::get_if<EarlyExit>(&outcome)) ADD_FAILURE() << exit->text;
    return std::holds_alternative<camera::Options>(outcome) ? std::get<camera::Options>(outcome)
                                                            : camera::Options{};
  }
  std::string refused(const std::string& text) {
    const auto outcome = parse(text);
    const auto* exit = std::get_if<EarlyExit>(&outcome);
    EXPECT_NE(exit, nullptr) << text;
    if (exit == nullptr) return {};
    EXPECT_EQ(exit->code, 2);
    return exit->text;
  }

  std::string path_ = ::testing::TempDir() + "camera.conf";
};

TEST_F(CameraConfig, SaysWhatTheCommandLineCould) {
  const camera::Options options = accepted(
      "size = 640x360\nfps = 15\nbitrate = 500k\nmax-viewers = 3\nlisten = 0.0.0.0:8081\ntoken = word\n"
      "ice-server = stun:a.example\nice-server = turn:b.example,u,p\nrelay-only = true\n"
      "signaling = local\nsignaling = kvs\nchannel = door\nlog-level = info\n");
  EXPECT_EQ(options.width, 640);
  EXPECT_EQ(options.frames_per_second, 15);
  EXPECT_EQ(options.bits_per_second, 500'000u);
  EXPECT_EQ(options.max_viewers, 3u);
  EXPECT_EQ(options.server.listen_endpoint, petrel::Endpoint::v4(0, 0, 0, 0, 8081));
  EXPECT_EQ(options.server.token, "word");
  EXPECT_EQ(options.server.ice_servers, (std::vector<std::string>{"stun:a.example", "turn:b.example,u,p"}));
  EXPECT_TRUE(options.server.relay_only);
  EXPECT_TRUE(options.local);
  EXPECT_TRUE(options.kvs);
  EXPECT_EQ(options.channel, "door");
  EXPECT_EQ(options.server.log_level, petrel::LogLevel::info);
}

TEST_F(CameraConfig, GivesWayToTheCommandLine) {
  const camera::Options options = accepted("size = 640x360\nfps = 15\n", {"--size", "320x240"});
  EXPECT_EQ(options.width, 320);
  EXPECT_EQ(options.frames_per_second, 15);
  EXPECT_FALSE(accepted("public = false\n").server.is_public);
}

TEST_F(CameraConfig, IsRefusedWithTheLineThatIsWrong) {
  EXPECT_EQ(refused("size = 640x360\nsice = 1\n"),
            "petrel-camera: " + path_ + ", line 2: there is no option sice for a file. Try --help.\n");
  EXPECT_NE(refused("config = other.conf\n").find("line 1"), std::string::npos);
  EXPECT_NE(refused("help\n").find("line 1"), std::string::npos);
  EXPECT_NE(refused("size = 320x240\n\nsize = 640x480\n").find("line 1: size is given again"),
            std::string::npos);
  EXPECT_NE(refused("fps = fast\n").find("--fps"), std::string::npos);
  EXPECT_NE(refused("relay-only = perhaps\n").find("relay-only"), std::string::npos);
  EXPECT_NE(refused("size = 1x1\n").find("--size 1x1"), std::string::npos);
}

TEST_F(CameraConfig, HasToBeThere) {
  const char* const arguments[] = {"petrel-camera", "--config", "/nonexistent.conf"};
  const auto outcome = camera::parse_options(3, arguments);
  const auto* exit = std::get_if<EarlyExit>(&outcome);
  ASSERT_NE(exit, nullptr);
  EXPECT_EQ(exit->code, 2);
  EXPECT_NE(exit->text.find("/nonexistent.conf"), std::string::npos) << exit->text;
}

}  // namespace
}  // namespace shared
