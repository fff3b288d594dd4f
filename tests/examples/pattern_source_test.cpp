#include "camera/pattern_source.hpp"

#include <gtest/gtest.h>

#include "examples/decoder.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

TEST(PatternSource, IsReadFrameByFrameFromItsDecodedPictures) {
  PatternSource source({}, [] { return 12h; });
  testing::Decoder decoder;
  for (int frame = 0; frame < 60; ++frame) {
    const auto unit = source.next();
    ASSERT_TRUE(unit) << frame;
    const auto picture = decoder.decode(unit->annex_b);
    ASSERT_TRUE(picture) << frame;
    EXPECT_EQ(picture->width(), 1280);
    EXPECT_EQ(read_frame_number(*picture), frame);
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(read_bar(*picture, i), bars[static_cast<std::size_t>(i)].name) << frame;
  }
}

TEST(PatternSource, KeepsTheTimeOfItsFrameRate) {
  PatternSource source({.width = 160, .height = 160, .frames_per_second = 30}, [] { return 0ms; });
  EXPECT_EQ(source.next_due(), 0ns);
  for (int frame = 0; frame < 300; ++frame) {
    const petrel::Duration due = *source.next_due();
    const auto unit = source.next();
    ASSERT_TRUE(unit);
    ASSERT_EQ(unit->capture_offset, due);
  }
  EXPECT_EQ(source.next_due(), 10s);  // No rounding adds up.
}

TEST(PatternSource, MakesAKeyFrameOnRequestOnce) {
  PatternSource source({.width = 160, .height = 160}, [] { return 0ms; });
  EXPECT_TRUE(source.next()->key_frame);
  EXPECT_FALSE(source.next()->key_frame);
  source.force_key_frame();
  source.force_key_frame();
  EXPECT_TRUE(source.next()->key_frame);
  EXPECT_FALSE(source.next()->key_frame);
}

TEST(PatternSource, SaysWhatItIs) {
  PatternSource source({}, [] { return 0ms; });
  EXPECT_EQ(source.description(),
            "test pattern, 1280x720 at 30 fps, 2.5 Mbit/s, H.264 42c01f, encoded by OpenH264 (software)");
}

}  // namespace
}  // namespace camera
