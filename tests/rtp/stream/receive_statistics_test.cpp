#include "petrel/rtp/stream/receive_statistics.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr ExtendedSequence base = 0x10000;

TEST(ReceiveStatistics, CountsLossOfTheIntervalAndOfTheWhole) {
  ReceiveStatistics statistics(90'000);
  for (int i = 0; i < 100; ++i) {
    if (i % 4 != 3) statistics.packet_received(start, base + i, 0, 10);
  }
  statistics.packet_received(start, base + 100, 0, 10);

  const auto first = statistics.report();
  EXPECT_EQ(first.fraction_lost, 25 * 256 / 101);
  EXPECT_EQ(first.cumulative_lost, 25);
  EXPECT_EQ(first.highest_sequence, 100U);

  for (int i = 101; i < 200; ++i) statistics.packet_received(start, base + i, 0, 10);
  const auto second = statistics.report();
  EXPECT_EQ(second.fraction_lost, 0);
  EXPECT_EQ(second.cumulative_lost, 25);
  EXPECT_EQ(statistics.packets(), 175U);
  EXPECT_EQ(statistics.payload_bytes(), 1750U);
}

TEST(ReceiveStatistics, DuplicatesMakeLossNegative) {
  ReceiveStatistics statistics(90'000);
  for (int i = 0; i < 5; ++i) statistics.packet_received(start, base, 0, 1);

  const auto report = statistics.report();

  EXPECT_EQ(report.cumulative_lost, -4);
  EXPECT_EQ(report.fraction_lost, 0);  // RFC 3550 6.4.1: a negative fraction is reported as zero.
}

TEST(ReceiveStatistics, ReportsAlmostEverythingLostInOneByte) {
  ReceiveStatistics statistics(90'000);
  statistics.packet_received(start, base, 0, 1);
  statistics.report();
  statistics.packet_received(start, base + 2500, 0, 1);

  EXPECT_EQ(statistics.report().fraction_lost, 255);
}

TEST(ReceiveStatistics, CountsCyclesIntoTheHighestSequence) {
  ReceiveStatistics statistics(90'000);
  statistics.packet_received(start, base + 65'535, 0, 1);
  statistics.packet_received(start, base + 65'536, 0, 1);

  EXPECT_EQ(statistics.report().highest_sequence, 0x10000U);
}

TEST(ReceiveStatistics, SteadyPacketsHaveNoJitter) {
  ReceiveStatistics statistics(90'000);
  for (int i = 0; i < 100; ++i) {
    statistics.packet_received(start + i * 10ms, base + i, static_cast<std::uint32_t>(i * 900), 1);
  }
  EXPECT_EQ(statistics.report().jitter, 0U);
}

TEST(ReceiveStatistics, JitterConvergesToTheMeanDifferenceOfTransitTimes) {
  ReceiveStatistics statistics(90'000);
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = i % 2 == 0 ? 0ms : 10ms;
    statistics.packet_received(start + i * 20ms + delay, base + i, static_cast<std::uint32_t>(i * 1800), 1);
  }

  EXPECT_NEAR(static_cast<double>(statistics.report().jitter), 900, 16);
  EXPECT_NEAR(static_cast<double>(statistics.jitter().count()), 10e6, 0.2e6);
}

TEST(ReceiveStatistics, ALeapOfTheTimestampIsNoJitter) {
  ReceiveStatistics statistics(90'000);
  statistics.packet_received(start, base, 0, 1);
  statistics.packet_received(start, base + 1, 0x40000000, 1);

  EXPECT_EQ(statistics.report().jitter, 0U);
}

TEST(ReceiveStatistics, KeepsTheLossOfBeforeARestart) {
  ReceiveStatistics statistics(90'000);
  statistics.packet_received(start, base, 0, 1);
  statistics.packet_received(start, base + 10, 0, 1);

  statistics.restarted(base + 200'000);
  statistics.packet_received(start, base + 200'000, 0, 1);

  EXPECT_EQ(statistics.report().cumulative_lost, 9);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
