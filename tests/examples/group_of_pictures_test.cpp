#include "camera/group_of_pictures.hpp"

#include <gtest/gtest.h>

namespace camera {
namespace {

using Group = GroupOfPictures<int>;

std::shared_ptr<const int> frame(int number) { return std::make_shared<const int>(number); }

TEST(GroupOfPictures, BeginsAtTheLastKeyFrame) {
  Group group;
  group.push(frame(0), 10, false);
  EXPECT_TRUE(group.frames().empty());
  group.push(frame(1), 10, true);
  group.push(frame(2), 10, false);
  group.push(frame(3), 10, true);
  group.push(frame(4), 10, false);

  ASSERT_EQ(group.frames().size(), 2u);
  EXPECT_EQ(*group.frames()[0], 3);
  EXPECT_EQ(*group.frames()[1], 4);
  EXPECT_TRUE(group.is_complete());
}

TEST(GroupOfPictures, KeepsTheKeyFrameAloneWhenItsGroupGrowsTooLarge) {
  Group group;
  group.push(frame(1), 100, true);
  group.push(frame(2), Group::max_bytes - 100, false);
  EXPECT_TRUE(group.is_complete());
  group.push(frame(3), 1, false);

  EXPECT_FALSE(group.is_complete());
  ASSERT_EQ(group.frames().size(), 1u);
  EXPECT_EQ(*group.frames()[0], 1);
  group.push(frame(4), 1, false);
  EXPECT_EQ(group.frames().size(), 1u);
  group.push(frame(5), 1, true);
  EXPECT_TRUE(group.is_complete());
}

TEST(GroupOfPictures, HoldsABoundedNumberOfFrames) {
  Group group;
  group.push(frame(0), 1, true);
  for (std::size_t i = 1; i < Group::max_frames; ++i) group.push(frame(1), 1, false);
  EXPECT_TRUE(group.is_complete());
  group.push(frame(1), 1, false);
  EXPECT_FALSE(group.is_complete());
}

}  // namespace
}  // namespace camera
