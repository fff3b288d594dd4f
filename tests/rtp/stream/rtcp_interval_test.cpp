#include "petrel/rtp/stream/rtcp_interval.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using testing::SeededRandom;

constexpr TimePoint start{};

Duration mean_interval(std::uint64_t bits_per_second, std::size_t packet_size) {
  SeededRandom random(1);
  RtcpInterval interval(start, bits_per_second, random);
  for (int i = 0; i < 200; ++i) interval.packet_seen(packet_size);
  Duration sum{};
  TimePoint now = start;
  for (int i = 0; i < 1000; ++i) {
    interval.report_sent(now);
    sum += interval.next() - now;
    now = interval.next();
  }
  return sum / 1000;
}

TEST(RtcpInterval, IsSpreadAroundTheReducedMinimum) {
  // RFC 3550 6.2: 360 s / 720 kbit/s = 500 ms, times 1 on average, over 1.21828.
  EXPECT_NEAR(static_cast<double>(mean_interval(720'000, 100).count()), 410e6, 10e6);
}

TEST(RtcpInterval, LeavesTheBandwidthToTheMedia) {
  // 5 % of 64 kbit/s is 3,200 bit/s for both: 1,028 bytes twice take 5.14 s, which the fixed minimum caps
  // at 5.
  EXPECT_NEAR(static_cast<double>(mean_interval(64'000, 1000).count()), 4104e6, 100e6);
}

TEST(RtcpInterval, SendsTheFirstReportWithinHalfAnInterval) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SeededRandom random(seed);
    const RtcpInterval interval(start, 720'000, random);
    EXPECT_GE(interval.next() - start, 100ms);
    EXPECT_LE(interval.next() - start, 500ms * 3 / 2);
  }
}

}  // namespace
}  // namespace petrel::inline v0::rtp
