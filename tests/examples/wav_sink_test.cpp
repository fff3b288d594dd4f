#include "camera/audio/wav_sink.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "examples/scripted_alsa.hpp"
#include "shared/user_error.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using testing::VirtualTime;

struct WavSinkTest : ::testing::Test {
  std::string path = ::testing::TempDir() + "petrel-wav-" +
                     ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".wav";
  ~WavSinkTest() override { std::filesystem::remove(path); }

  std::string content() const {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static std::uint32_t u32(const std::string& text, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[at + i]);
    return value;
  }

  VirtualTime time;
  std::vector<std::string> told;
};

TEST_F(WavSinkTest, IsAWholeFileAfterEveryBlock) {
  WavSink sink(path, time.clock(), [&](const std::string& line) { told.push_back(line); });
  for (int blocks = 0; blocks < 3; ++blocks) {
    const std::string file = content();
    const auto size = static_cast<std::uint32_t>(blocks) * 1920;
    ASSERT_EQ(file.size(), 44 + size);
    EXPECT_EQ(file.substr(0, 4), "RIFF");
    EXPECT_EQ(u32(file, 4), 36 + size);
    EXPECT_EQ(file.substr(8, 8), "WAVEfmt ");
    EXPECT_EQ(u32(file, 24), 48'000u);
    EXPECT_EQ(u32(file, 28), 96'000u);
    EXPECT_EQ(u32(file, 40), size);
    if (blocks > 0) {
      EXPECT_EQ(file.substr(file.size() - 2), std::string({'\x34', '\x12'}));
    }
    time.now += sink.step([](Block& block) { block.fill(0x1234); });
    time.now += 20ms;
  }
  EXPECT_TRUE(told.empty());
}

TEST_F(WavSinkTest, TakesABlockEveryTwentyMilliseconds) {
  WavSink sink(path, time.clock(), [](const std::string&) {});
  int blocks = 0;
  const petrel::TimePoint end = time.now + 1s;
  while (time.now < end) time.now += sink.step([&](Block&) { ++blocks; });
  EXPECT_EQ(blocks, 50);
  // A pause is not caught up.
  sink.rest();
  time.now += 1min;
  EXPECT_EQ(sink.step([&](Block&) { ++blocks; }), 0ns);
  EXPECT_EQ(sink.step([&](Block&) { ++blocks; }), 20ms);
  EXPECT_EQ(blocks, 51);
}

TEST_F(WavSinkTest, NamesAFileThatCannotBeWritten) {
  try {
    WavSink sink("/nowhere/at/all.wav", time.clock(), [](const std::string&) {});
    FAIL();
  } catch (const shared::UserError& error) {
    EXPECT_NE(std::string_view(error.what()).find("/nowhere/at/all.wav"), std::string_view::npos);
  }
}

// Files may not grow beyond a limit of the process: as if the disk were full.
TEST_F(WavSinkTest, SaysOnceThatTheDiskIsFull) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4000;
  WavSink sink(path, time.clock(), [&](const std::string& line) { told.push_back(line); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 10; ++i) time.now += sink.step([](Block&) {}) + 20ms;
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("disk full"), std::string::npos);
}

TEST(NullSink, TakesABlockEveryTwentyMilliseconds) {
  VirtualTime time;
  NullSink sink(time.clock());
  int blocks = 0;
  const petrel::TimePoint end = time.now + 1s;
  while (time.now < end) time.now += sink.step([&](Block&) { ++blocks; });
  EXPECT_EQ(blocks, 50);
}

}  // namespace
}  // namespace camera::audio
