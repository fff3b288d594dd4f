#include "camera/test_pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace camera {
namespace {

using namespace std::chrono_literals;

TEST(TestPattern, ShowsTheBarsInTheirOrderAtAnySize) {
  for (const auto& [width, height] :
       {std::pair{1280, 720}, {160, 160}, {1920, 1080}, {720, 1280}, {642, 482}}) {
    TestPattern pattern(width, height);
    const Picture& picture = pattern.draw(7, 0ms);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(read_bar(picture, i), bars[static_cast<std::size_t>(i)].name)
          << width << "x" << height << " bar " << i;
    }
  }
}

TEST(TestPattern, ShowsTheCounterAsSquaresAtAnySize) {
  for (const auto& [width, height] :
       {std::pair{1280, 720}, {160, 160}, {1920, 1080}, {720, 1280}, {642, 482}}) {
    TestPattern pattern(width, height);
    for (const std::uint32_t frame : {0u, 1u, 2u, 0x5555u, 0xaaaau, 0x8001u, 0xffffu}) {
      EXPECT_EQ(read_frame_number(pattern.draw(frame, 0ms)), frame) << width << "x" << height;
    }
    EXPECT_EQ(read_frame_number(pattern.draw(0x12345, 0ms)), 0x2345);
  }
}

TEST(TestPattern, MovesFromFrameToFrame) {
  TestPattern pattern(640, 360);
  const Picture first = pattern.draw(0, 0ms);
  const Picture second = pattern.draw(1, 0ms);
  const int y = 360 * 56 / 100;
  int moved = 0;
  for (int x = 0; x < 640; ++x) moved += first.at(x, y) == second.at(x, y) ? 0 : 1;
  EXPECT_EQ(moved, 8 * 2);  // Two columns at each edge.
}

TEST(TestPattern, DrawsTheTimeAndNothingElseDiffersWithIt) {
  TestPattern pattern(640, 360);
  const Picture before = pattern.draw(5, 23h + 59min + 59s + 999ms);
  const Picture after = pattern.draw(5, 24h);
  std::vector<int> rows;
  for (int y = 0; y < 360; ++y) {
    for (int x = 0; x < 640; ++x) {
      if (!(before.at(x, y) == after.at(x, y))) rows.push_back(y);
    }
  }
  ASSERT_FALSE(rows.empty());
  EXPECT_GT(rows.front(), 360 * 62 / 100);
  EXPECT_LT(rows.back(), 360 * 80 / 100);
}

TEST(Picture, FillsOnlyWhatLiesInside) {
  Picture picture(16, 16);
  picture.fill({-4, -4, 8, 8}, bt709(1, 1, 1));
  picture.fill({12, 12, 100, 100}, bt709(1, 0, 0));
  picture.fill({40, 0, 4, 4}, bt709(1, 0, 0));
  EXPECT_EQ(picture.at(3, 3), bt709(1, 1, 1));
  EXPECT_EQ(picture.at(4, 4), bt709(0, 0, 0));
  EXPECT_EQ(picture.at(15, 15), bt709(1, 0, 0));
}

TEST(Bt709, HasTheCornersOfTheStandard) {
  EXPECT_EQ(bt709(1, 1, 1), (Colour{235, 128, 128}));
  EXPECT_EQ(bt709(0, 0, 0), (Colour{16, 128, 128}));
  EXPECT_EQ(bt709(0, 0, 1).u, 240);
  EXPECT_EQ(bt709(1, 0, 0).v, 240);
}

}  // namespace
}  // namespace camera
