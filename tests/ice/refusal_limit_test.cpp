#include "ice/refusal_limit.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start(10s);

int admitted(RefusalLimit& limit, TimePoint now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limit.admits(now) ? 1 : 0;
  return count;
}

TEST(RefusalLimit, AdmitsABurstAndThenOneInEachInterval) {
  RefusalLimit limit;
  EXPECT_EQ(admitted(limit, start, 1000), refusal_burst);
  EXPECT_EQ(admitted(limit, start + refusal_interval - 1ns, 1000), 0);
  EXPECT_EQ(admitted(limit, start + refusal_interval, 1000), 1);
  EXPECT_EQ(admitted(limit, start + 4 * refusal_interval, 1000), 3);
}

TEST(RefusalLimit, ForgetsAFloodInABurstsTime) {
  RefusalLimit limit;
  admitted(limit, start, 1000);
  EXPECT_EQ(admitted(limit, start + refusal_burst * refusal_interval, 1000), refusal_burst);
  EXPECT_EQ(admitted(limit, start + 1h, 1000), refusal_burst) << "time does not pile up";
}

TEST(RefusalLimit, NeverRefusesWhoAsksSeldom) {
  RefusalLimit limit;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(admitted(limit, start + i * refusal_interval, 1), 1);
}

}  // namespace
}  // namespace petrel::inline v0::ice
