#include "turn/standing_permissions.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
const IpAddress first = IpAddress::v4(203, 0, 113, 1);
const IpAddress second = IpAddress::v4(203, 0, 113, 2);

TEST(StandingPermissions, AreAskedForAtOnceAndAgainBeforeTheyLapse) {
  StandingPermissions permissions;
  EXPECT_TRUE(permissions.add(start, first, 2));
  EXPECT_EQ(permissions.poll_due(start), first);
  EXPECT_EQ(permissions.poll_due(start), std::nullopt) << "a request is under way";
  EXPECT_EQ(permissions.next_timeout(), std::nullopt);
  permissions.handle_granted(start + 1s, first);
  EXPECT_EQ(permissions.next_timeout(), start + 1s + StandingPermissions::renewal);
  EXPECT_EQ(permissions.poll_due(start + 4min), std::nullopt);
  EXPECT_EQ(permissions.poll_due(start + 4min + 1s), first);
}

TEST(StandingPermissions, AreLimitedAndTakenBack) {
  StandingPermissions permissions;
  EXPECT_TRUE(permissions.add(start, first, 1));
  EXPECT_TRUE(permissions.add(start, first, 1)) << "it is there";
  EXPECT_FALSE(permissions.add(start, second, 1));
  EXPECT_TRUE(permissions.has(first));
  permissions.remove(first);
  EXPECT_FALSE(permissions.has(first));
  permissions.handle_granted(start, first);
  EXPECT_EQ(permissions.next_timeout(), std::nullopt);
  EXPECT_TRUE(permissions.add(start, second, 1));
}

}  // namespace
}  // namespace petrel::inline v0::turn
