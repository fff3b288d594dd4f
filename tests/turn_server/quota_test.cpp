#include "turn_server/quota.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn_server {
namespace {

TEST(Quota, CountsEachUserAndAllOfThem) {
  Quota quota(3, 2);
  EXPECT_TRUE(quota.user_may_have("alice", 2));
  EXPECT_FALSE(quota.user_may_have("alice", 3));
  quota.take("alice");
  quota.take("alice");
  EXPECT_FALSE(quota.user_may_have("alice", 1));
  EXPECT_TRUE(quota.user_may_have("bob", 2));
  EXPECT_TRUE(quota.all_may_have(1));
  EXPECT_FALSE(quota.all_may_have(2));
}

TEST(Quota, ForgetsUsersThatHaveNothing) {
  Quota quota(3, 2);
  quota.take("alice");
  quota.take("bob");
  EXPECT_EQ(quota.users(), 2u);
  quota.give_back("alice");
  EXPECT_EQ(quota.users(), 1u);
  EXPECT_EQ(quota.total(), 1u);
  quota.give_back("bob");
  EXPECT_EQ(quota.users(), 0u);
}

TEST(Quota, AsksForNothingAlways) {
  Quota quota(1, 1);
  quota.take("alice");
  EXPECT_TRUE(quota.user_may_have("alice", 0));
  EXPECT_TRUE(quota.all_may_have(0));
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
