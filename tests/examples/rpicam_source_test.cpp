#include "camera/rpicam_source.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "camera/source_lost.hpp"
#include "examples/coded_pattern.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace fs = std::filesystem;

// A folder with a program that says it is rpicam-vid: a script that finds pattern.h264 beside itself.
class RpicamSourceTest : public ::testing::Test {
 protected:
  RpicamSourceTest() {
    folder_ = ::testing::TempDir() + "petrel_rpicam_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(folder_ + "/pattern.h264", std::ios::binary)
        << petrel::as_text(testing::joined(testing::coded_pattern(10, 5)));
  }
  ~RpicamSourceTest() override { fs::remove_all(folder_); }

  void install(const std::string& script, const std::string& name = "rpicam-vid") {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\ncd '" << folder_ << "'\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }
  std::string written(const std::string& name) const {
    std::ifstream in(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  RpicamSource open(std::vector<std::string> extra = {}) {
    return RpicamSource({.width = 160, .height = 160}, extra, "/nonexistent:" + folder_, clock_);
  }
  // How it ended.
  static std::string read_all(RpicamSource& source, std::size_t& pictures) {
    try {
      for (;;) {
        if (source.next()) ++pictures;
      }
    } catch (const SourceLost& lost) {
      return lost.what();
    }
  }

  SteadyClock clock_;
  std::string folder_;
};

TEST_F(RpicamSourceTest, ReadsWhatTheProgramWrites) {
  install("echo \"$@\" > arguments; cat pattern.h264; exec tail -f /dev/null");
  RpicamSource source = open({"--rotation", "180"});
  int key_frames = 0;
  for (int pictures = 0; pictures < 10;) {
    const auto unit = source.next();
    if (!unit) continue;
    ++pictures;
    if (unit->key_frame) ++key_frames;
  }
  EXPECT_EQ(key_frames, 2);
  EXPECT_EQ(
      written("arguments"),
      "--timeout 0 --nopreview --codec h264 --profile baseline --inline --flush --width 160 --height 160 "
      "--framerate 30 --bitrate 2500000 --intra 30 --verbose 0 --output - --rotation 180\n");
  EXPECT_EQ(source.profile_level_id(), "42c01e");
  EXPECT_EQ(source.description(), "camera by rpicam-vid, 30 fps, 2.5 Mbit/s, 160x160, H.264 42c01e");
  EXPECT_FALSE(source.can_force_key_frame());
}

TEST_F(RpicamSourceTest, SaysWhatTheProgramSaidLast) {
  install("cat pattern.h264; echo 'a line' >&2; echo 'ERROR: *** no cameras available ***' >&2; exit 255");
  RpicamSource source = open();
  std::size_t pictures = 0;
  EXPECT_EQ(read_all(source, pictures),
            "rpicam-vid has ended (exit code 255) and said: ERROR: *** no cameras available ***.");
  EXPECT_EQ(pictures, 10u);
}

TEST_F(RpicamSourceTest, SaysHowASilentProgramEnded) {
  install("kill -9 $$");
  RpicamSource source = open();
  std::size_t pictures = 0;
  EXPECT_EQ(read_all(source, pictures),
            "rpicam-vid has ended (signal 9). See whether `rpicam-hello --list-cameras` shows the camera.");
  install("exit 0");
  RpicamSource other = open();
  EXPECT_NE(read_all(other, pictures).find("(exit code 0)"), std::string::npos);
  EXPECT_EQ(pictures, 0u);
}

TEST_F(RpicamSourceTest, IsNotHeldUpByAProgramThatTalksALot) {
  install("head -c 300000 /dev/zero | tr '\\0' x >&2; cat pattern.h264; echo >&2; echo end >&2");
  RpicamSource source = open();
  std::size_t pictures = 0;
  EXPECT_EQ(read_all(source, pictures), "rpicam-vid has ended (exit code 0) and said: end.");
  EXPECT_EQ(pictures, 10u);
}

TEST_F(RpicamSourceTest, EndsTheProgramWithItself) {
  install("echo $$ > id; cat pattern.h264; exec tail -f /dev/null");
  int id = 0;
  {
    RpicamSource source = open();
    while (!source.next()) {
    }
    id = std::stoi(written("id"));
    EXPECT_EQ(::kill(id, 0), 0);
  }
  EXPECT_NE(::kill(id, 0), 0);
}

TEST_F(RpicamSourceTest, KillsAProgramThatDoesNotWantToEnd) {
  install("trap '' TERM; echo $$ > id; cat pattern.h264; exec sleep 3600");
  int id = 0;
  {
    RpicamSource source = open();
    while (!source.next()) {
    }
    id = std::stoi(written("id"));
  }
  EXPECT_NE(::kill(id, 0), 0);
}

TEST_F(RpicamSourceTest, TakesTheOlderProgramWhereThereIsNoOther) {
  install("exit 3", "libcamera-vid");
  {
    RpicamSource source = open();
    std::size_t pictures = 0;
    EXPECT_EQ(read_all(source, pictures).substr(0, 39), "libcamera-vid has ended (exit code 3). ");
  }
  install("exit 4");
  RpicamSource source = open();
  std::size_t pictures = 0;
  EXPECT_EQ(read_all(source, pictures).substr(0, 35), "rpicam-vid has ended (exit code 4).");
}

TEST_F(RpicamSourceTest, SaysWhatToInstall) {
  std::ofstream(folder_ + "/rpicam-vid") << "no program";  // It cannot be run.
  try {
    open();
    FAIL();
  } catch (const shared::UserError& error) {
    EXPECT_NE(std::string(error.what()).find("sudo apt install rpicam-apps-lite"), std::string::npos);
  }
}

}  // namespace
}  // namespace camera
