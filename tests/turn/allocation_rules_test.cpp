#include "turn/allocation_rules.hpp"

#include <gtest/gtest.h>

#include "petrel/turn/errc.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

TEST(AllocationRules, TellWhatEndsAllFromWhatEndsOneRequest) {
  EXPECT_TRUE(ends_allocation(Errc::allocation_mismatch));
  EXPECT_TRUE(ends_allocation(Errc::wrong_credentials));
  EXPECT_FALSE(ends_allocation(Errc::refused));
  EXPECT_FALSE(ends_allocation(Errc::connection_failed));
  EXPECT_FALSE(ends_allocation({}));
}

TEST(AllocationRules, SendNobodyToHimselfOrToEverybody) {
  const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
  EXPECT_TRUE(may_be_used(Endpoint::v4(192, 0, 2, 2, 3478), server));
  EXPECT_FALSE(may_be_used(server, server));
  EXPECT_FALSE(may_be_used(Endpoint::v4(192, 0, 2, 2, 0), server));
  EXPECT_FALSE(may_be_used(Endpoint::v4(127, 0, 0, 1, 3478), server));
  EXPECT_TRUE(may_be_used(Endpoint::v4(127, 0, 0, 1, 3479), Endpoint::v4(127, 0, 0, 1, 3478)));
  EXPECT_FALSE(may_be_used(Endpoint::v4(224, 0, 0, 1, 3478), server));
  EXPECT_FALSE(may_be_used(*Endpoint::parse("[2001:db8::1]:3478"), server));
}

TEST(AllocationRules, RefreshInTimeAndBelieveNoLifetimeOfYears) {
  EXPECT_EQ(refresh_delay(10min), 9min);
  EXPECT_EQ(refresh_delay(20s), 10s);
  EXPECT_EQ(sane_lifetime(10min), 10min);
  EXPECT_EQ(sane_lifetime(100h), 24h);
}

}  // namespace
}  // namespace petrel::inline v0::turn
