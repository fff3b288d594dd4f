#include "petrel/peer/priority.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0 {
namespace {

// RFC 8837 5, table 1, by hand.
TEST(NetworkPriority, HasTheCodePointsOfTheTable) {
  using enum NetworkPriority;
  EXPECT_EQ(dscp_of(Kind::audio, very_low), 1);
  EXPECT_EQ(dscp_of(Kind::audio, low), 0);
  EXPECT_EQ(dscp_of(Kind::audio, medium), 46);
  EXPECT_EQ(dscp_of(Kind::audio, high), 46);
  EXPECT_EQ(dscp_of(Kind::video, very_low), 1);
  EXPECT_EQ(dscp_of(Kind::video, low), 0);
  EXPECT_EQ(dscp_of(Kind::video, medium), 36);
  EXPECT_EQ(dscp_of(Kind::video, high), 34);
}

}  // namespace
}  // namespace petrel::inline v0
