#include "turn_server/permissions.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
const IpAddress peer = IpAddress::v4(203, 0, 113, 9);
const IpAddress other = IpAddress::v4(203, 0, 113, 10);
const IpAddress third = IpAddress::v4(203, 0, 113, 11);

TEST(Permissions, LastFiveMinutes) {
  Permissions permissions(2);
  permissions.grant(start, peer, false);
  EXPECT_NE(permissions.find(start + 300s - 1ns, peer), nullptr);
  EXPECT_EQ(permissions.find(start + 300s, peer), nullptr);
  EXPECT_EQ(permissions.find(start, other), nullptr);
}

TEST(Permissions, AreRefreshedByAnotherGrant) {
  Permissions permissions(1);
  permissions.grant(start, peer, false);
  permissions.grant(start + 200s, peer, true);
  ASSERT_NE(permissions.find(start + 499s, peer), nullptr);
  EXPECT_TRUE(permissions.find(start + 499s, peer)->relays_only);
  EXPECT_EQ(permissions.size(), 1u);
}

TEST(Permissions, HaveALimitThatExpiredOnesDoNotCountFor) {
  Permissions permissions(2);
  permissions.grant(start, peer, false);
  permissions.grant(start + 1s, other, false);
  EXPECT_FALSE(permissions.room_for(start + 300s - 1ns, {third}));
  EXPECT_TRUE(permissions.room_for(start, {peer, other}));
  EXPECT_TRUE(permissions.room_for(start + 300s, {third}));
  EXPECT_FALSE(permissions.room_for(start + 300s, {third, peer}));
  permissions.grant(start + 300s, third, false);
  EXPECT_EQ(permissions.size(), 2u);
}

TEST(Permissions, CountAPeerThatIsNamedTwiceOnce) {
  Permissions permissions(1);
  EXPECT_TRUE(permissions.room_for(start, {peer, peer, peer}));
  EXPECT_FALSE(permissions.room_for(start, {peer, other}));
}

TEST(Permissions, OfOneFamilyCanBeForgotten) {
  Permissions permissions(2);
  const IpAddress v6 = *IpAddress::parse("2001:db8::1");
  permissions.grant(start, peer, false);
  permissions.grant(start, v6, false);
  permissions.forget(IpFamily::v4);
  EXPECT_EQ(permissions.find(start, peer), nullptr);
  EXPECT_NE(permissions.find(start, v6), nullptr);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
