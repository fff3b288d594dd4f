#include "turn_server/rate_limit.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};
const IpAddress source = IpAddress::v4(198, 51, 100, 7);

struct RateLimitTest : ::testing::Test {
  int take_all(TimePoint now, const IpAddress& from) {
    int count = 0;
    while (limit.take(now, from)) ++count;
    return count;
  }
  testing::SeededRandom random{1};
  RateLimit limit{10, random};
};

TEST_F(RateLimitTest, GivesASecondsWorthAtOnce) {
  EXPECT_EQ(take_all(start, source), 10);
  EXPECT_FALSE(limit.allows(start, source));
}

TEST_F(RateLimitTest, EarnsEachAgainInItsTime) {
  take_all(start, source);
  EXPECT_FALSE(limit.allows(start + 100ms - 1ns, source));
  EXPECT_TRUE(limit.allows(start + 100ms, source));
  EXPECT_EQ(take_all(start + 250ms, source), 2);
  EXPECT_EQ(take_all(start + 1h, source), 10) << "no more than a second's worth is saved up";
}

TEST_F(RateLimitTest, AskingTakesNothing) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limit.allows(start, source));
  EXPECT_EQ(take_all(start, source), 10);
}

TEST_F(RateLimitTest, LeavesOtherSourcesTheirs) {
  take_all(start, source);
  int others_limited = 0;
  for (std::uint8_t i = 0; i < 100; ++i)
    others_limited += limit.allows(start, IpAddress::v4(203, 0, 113, i)) ? 0 : 1;
  EXPECT_LE(others_limited, 1) << "one of 4096 places is taken";
}

TEST_F(RateLimitTest, TakesAnIpv6NetworkForOneSource) {
  take_all(start, *IpAddress::parse("2001:db8:1:2::1"));
  EXPECT_FALSE(limit.allows(start, *IpAddress::parse("2001:db8:1:2:ffff::9")));
  EXPECT_TRUE(limit.allows(start, *IpAddress::parse("2001:db8:1:3::1")));
}

TEST(RateLimit, CannotBePredictedFromOutside) {
  // Whom a source shares its place with depends on the secret.
  const auto partner = [](std::uint64_t seed) {
    testing::SeededRandom random(seed);
    RateLimit limit(1, random);
    limit.take(start, source);
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      const IpAddress other = IpAddress::v4(10, static_cast<std::uint8_t>(i >> 16),
                                            static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
      if (!limit.allows(start, other)) return i;
    }
    return 0u;
  };
  EXPECT_NE(partner(1), partner(2));
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
