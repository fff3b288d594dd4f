#include "camera/file_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "camera/pattern_source.hpp"
#include "examples/decoder.hpp"
#include "shared/user_error.hpp"
#include "support/source_directory.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

// A file of its own for each test, gone with it.
class File {
 public:
  explicit File(petrel::Bytes content) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "petrel_" + test->name() + ".h264";
    std::ofstream(path_, std::ios::binary) << petrel::as_text(content);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr std::array start_code{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};

// Frames of the pattern, with a key frame at 0 and at `second_key_frame`, there without SPS and PPS, as
// encoders for files like it.
std::vector<std::byte> pattern_file(int frames, int second_key_frame) {
  PatternSource source({.width = 160, .height = 160, .bits_per_second = 300'000}, [] { return 0ms; });
  std::vector<std::byte> out;
  for (int frame = 0; frame < frames; ++frame) {
    if (frame == second_key_frame) source.force_key_frame();
    const auto unit = source.next();
    petrel::rtp::h264::NalReader reader(unit->annex_b);
    while (const auto nal = reader.next()) {
      const auto type = petrel::rtp::h264::nal_type((*nal)[0]);
      const bool is_parameters =
          type == petrel::rtp::h264::NalType::sps || type == petrel::rtp::h264::NalType::pps;
      if (frame > 0 && is_parameters) continue;
      out.insert(out.end(), start_code.begin(), start_code.end());
      out.insert(out.end(), nal->begin(), nal->end());
    }
  }
  return out;
}

std::string refusal(const std::string& path) {
  try {
    FileSource source(path, std::nullopt);
  } catch (const shared::UserError& error) {
    return error.what();
  }
  return "";
}

TEST(FileSource, PlaysAFileOverAndOver) {
  const File file(pattern_file(10, 6));
  FileSource source(file.path(), 25);
  testing::Decoder decoder;
  for (int frame = 0; frame < 25; ++frame) {
    EXPECT_EQ(source.next_due(), frame * 40ms);
    const auto unit = source.next();
    ASSERT_TRUE(unit) << frame;
    EXPECT_EQ(unit->capture_offset, frame * 40ms);
    EXPECT_EQ(unit->key_frame, frame % 10 == 0 || frame % 10 == 6) << frame;
    const auto picture = decoder.decode(unit->annex_b);
    ASSERT_TRUE(picture) << frame;
    EXPECT_EQ(read_frame_number(*picture), frame % 10);
  }
}

TEST(FileSource, LetsAViewerStartAtAnyKeyFrame) {
  const File file(pattern_file(10, 6));
  FileSource source(file.path(), std::nullopt);
  for (int frame = 0; frame < 6; ++frame) source.next();
  testing::Decoder late_viewer;
  const auto picture = late_viewer.decode(source.next()->annex_b);
  ASSERT_TRUE(picture);
  EXPECT_EQ(read_frame_number(*picture), 6);
}

TEST(FileSource, SkipsWhatStandsBeforeTheFirstKeyFrame) {
  // A file that was cut out of a longer one: it begins with a delta frame.
  const auto whole = pattern_file(4, -1);
  std::vector<petrel::Bytes> nals;
  petrel::rtp::h264::NalReader reader(whole);
  while (const auto nal = reader.next()) nals.push_back(*nal);
  std::vector<std::byte> content(start_code.begin(), start_code.end());
  content.insert(content.end(), nals.back().begin(), nals.back().end());
  content.insert(content.end(), whole.begin(), whole.end());
  const File file(content);
  FileSource source(file.path(), std::nullopt);

  EXPECT_FALSE(source.next());
  const auto unit = source.next();
  ASSERT_TRUE(unit);
  EXPECT_TRUE(unit->key_frame);
  EXPECT_EQ(unit->capture_offset, 0ms);
}

TEST(FileSource, SaysWhatItPlaysAndThatItGuessedTheRate) {
  const File file(pattern_file(3, -1));
  FileSource source(file.path(), std::nullopt);
  EXPECT_NE(source.description().find("160x160 at 30 fps"), std::string::npos) << source.description();
  EXPECT_EQ(source.profile_level_id(), "42c01e");
  FileSource told(file.path(), 12.5);
  EXPECT_NE(told.description().find("at 12.5 fps,"), std::string::npos) << told.description();
}

TEST(FileSource, RefusesWhatItCannotPlayAndSaysWhatToDo) {
  const std::string missing = refusal("/nowhere/picture.h264");
  EXPECT_NE(missing.find("No such file"), std::string::npos) << missing;
  EXPECT_NE(refusal(::testing::TempDir()).find("it is a folder"), std::string::npos);

  const File text(petrel::as_bytes("This is not video."));
  EXPECT_NE(refusal(text.path()).find("no H.264 in Annex B form"), std::string::npos);
}

TEST(FileSource, RefusesAnEmptyFile) {
  const File empty({});
  EXPECT_NE(refusal(empty.path()).find("no H.264"), std::string::npos);
}

TEST(FileSource, RefusesBFramesWithTheReason) {
  const std::string why = refusal(petrel::source_directory() + "/tests/examples/data/b_frames.h264");
  EXPECT_NE(why.find("it has B-frames"), std::string::npos) << why;
  EXPECT_NE(why.find("-bf 0"), std::string::npos) << why;
  EXPECT_EQ(std::ranges::count(why, '\n'), 0);
}

}  // namespace
}  // namespace camera
