#include "petrel/rtp/wire/sequence.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace petrel::inline v0::rtp {
namespace {

TEST(Sequence, IsNewerAcrossTheWrap) {
  EXPECT_TRUE(is_newer<std::uint16_t>(0, 65535));
  EXPECT_FALSE(is_newer<std::uint16_t>(65535, 0));
  EXPECT_FALSE(is_newer<std::uint16_t>(7, 7));
  EXPECT_TRUE(is_newer<std::uint32_t>(5, 0xfffffff0));
}

TEST(Sequence, IsNewerUpToJustBelowHalfTheCircle) {
  EXPECT_TRUE(is_newer<std::uint16_t>(0x7fff, 0));
  EXPECT_FALSE(is_newer<std::uint16_t>(0x8000, 0));
  EXPECT_FALSE(is_newer<std::uint16_t>(0, 0x8000));
  EXPECT_FALSE(is_newer<std::uint16_t>(0x8001, 0));
}

TEST(Sequence, DistanceHasASign) {
  EXPECT_EQ((wrapping_distance<std::uint16_t>(3, 65534)), 5);
  EXPECT_EQ((wrapping_distance<std::uint16_t>(65534, 3)), -5);
}

TEST(Unwrapper, FollowsASeriesRoundTheCircle) {
  Unwrapper<std::uint16_t> unwrapper;
  std::int64_t expected = 65000;
  for (int i = 0; i < 100'000; i += 7, expected += 7) {
    ASSERT_EQ(unwrapper.unwrap(static_cast<std::uint16_t>(expected & 0xffff)), expected);
  }
}

TEST(Unwrapper, GoesBackBelowTheFirstValue) {
  Unwrapper<std::uint16_t> unwrapper;
  EXPECT_EQ(unwrapper.unwrap(2), 2);
  EXPECT_EQ(unwrapper.unwrap(65535), -1);
  EXPECT_EQ(unwrapper.unwrap(65530), -6);
  EXPECT_EQ(unwrapper.unwrap(1), 1);
}

TEST(Unwrapper, PeeksWithoutMoving) {
  Unwrapper<std::uint32_t> unwrapper;
  unwrapper.unwrap(0xffffffff);
  EXPECT_EQ(unwrapper.peek(1), 0x100000001);
  EXPECT_EQ(unwrapper.peek(0x7ffffffe), 0x17ffffffe);
  EXPECT_EQ(unwrapper.unwrap(0xfffffffe), 0xfffffffe);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
