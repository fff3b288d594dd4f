#include "camera/jpeg_decoder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "camera/test_pattern.hpp"
#include "support/source_directory.hpp"

namespace camera {
namespace {

std::vector<std::uint8_t> jpeg(const std::string& name) {
  std::ifstream file(petrel::source_directory() + "/tests/examples/data/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return {text.begin(), text.end()};
}

class JpegDecoderTest : public ::testing::Test {
 protected:
  JpegDecoder decoder;
};

// The pattern's frame 12345 at 320x180, as petrel-pattern-dump draws it, by cjpeg.
TEST_F(JpegDecoderTest, ReadsThePatternInEveryChromaOfCameras) {
  for (const char* name : {"pattern_420.jpeg", "pattern_422.jpeg", "pattern_444.jpeg"}) {
    Picture picture(320, 180);
    const auto file = jpeg(name);
    ASSERT_TRUE(decoder.decode(file, picture)) << name;
    EXPECT_EQ(read_frame_number(picture), 12345) << name;
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(read_bar(picture, i), bars[static_cast<std::size_t>((i) % 8)].name) << name << " " << i;
    }
  }
}

TEST_F(JpegDecoderTest, ReadsGreyPictures) {
  Picture picture(320, 180);
  picture.fill({0, 0, 320, 180}, bars[5].colour);
  ASSERT_TRUE(decoder.decode(jpeg("pattern_grey.jpeg"), picture));
  EXPECT_EQ(read_frame_number(picture), 12345);
  EXPECT_EQ(picture.at(100, 20).u, 128);
  EXPECT_EQ(picture.at(100, 20).v, 128);
}

TEST_F(JpegDecoderTest, RefusesAnotherSize) {
  Picture picture(320, 160);
  EXPECT_FALSE(decoder.decode(jpeg("pattern_420.jpeg"), picture));
}

TEST_F(JpegDecoderTest, RefusesEveryTruncation) {
  const auto whole = jpeg("pattern_420.jpeg");
  Picture picture(320, 180);
  for (std::size_t size = 0; size + 2 < whole.size(); size += size < 1000 ? 1 : 97) {
    EXPECT_FALSE(decoder.decode(std::span(whole).first(size), picture)) << size;
  }
  EXPECT_TRUE(decoder.decode(whole, picture));
}

TEST_F(JpegDecoderTest, SurvivesDamage) {
  const auto whole = jpeg("pattern_422.jpeg");
  Picture picture(320, 180);
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    auto damaged = whole;
    for (int i = 0; i < 5; ++i) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    decoder.decode(damaged, picture);
  }
  EXPECT_TRUE(decoder.decode(whole, picture));
}

}  // namespace
}  // namespace camera
