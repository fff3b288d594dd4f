#include "petrel/sim/link.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "petrel/sim/seeded_random.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

std::vector<TimePoint> times(const Arrivals& arrivals) { return {arrivals.begin(), arrivals.end()}; }

TEST(Link, TakesTheLatencyAndNoMore) {
  SeededRandom random(1);
  Link link({.latency = 7ms});
  EXPECT_EQ(times(link.carry(start, 100, random)), std::vector{start + 7ms});
}

TEST(Link, KeepsTheOrderInSpiteOfJitter) {
  SeededRandom random(1);
  Link link({.latency = 10ms, .jitter = 30ms});
  TimePoint last{};
  for (int i = 0; i < 1000; ++i) {
    const TimePoint sent = start + i * 1ms;
    const auto arrivals = link.carry(sent, 100, random);
    ASSERT_EQ(arrivals.size(), 1u);
    EXPECT_GE(arrivals[0], last);
    EXPECT_GE(arrivals[0], sent + 10ms);
    EXPECT_LE(arrivals[0], sent + 40ms);
    last = arrivals[0];
  }
}

TEST(Link, ReordersTheShareThatWasAskedFor) {
  SeededRandom random(1);
  Link link({.latency = 10ms, .reorder_percent = 10, .reorder_delay = 5ms});
  int late = 0;
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint sent = start + i * 1ms;
    late += link.carry(sent, 100, random)[0] == sent + 15ms;
  }
  EXPECT_NEAR(late, 1000, 100);
}

TEST(Link, DuplicatesTheShareThatWasAskedFor) {
  SeededRandom random(1);
  Link link({.duplicate_percent = 20});
  std::size_t copies = 0;
  for (int i = 0; i < 10'000; ++i) copies += link.carry(start, 100, random).size();
  EXPECT_NEAR(static_cast<double>(copies), 12'000, 200);
}

struct Losses {
  int lost = 0;
  int bursts = 0;
};
Losses count_losses(LinkConfig config, int packets) {
  SeededRandom random(1);
  Link link(config);
  Losses losses;
  bool previous_lost = false;
  for (int i = 0; i < packets; ++i) {
    const bool lost = link.carry(start, 100, random).empty();
    losses.lost += lost;
    losses.bursts += lost && !previous_lost;
    previous_lost = lost;
  }
  return losses;
}

TEST(Link, LosesInBurstsOfTheMeanLengthAndTheSameShare) {
  const Losses losses = count_losses({.loss_percent = 10, .mean_burst = 8}, 200'000);
  EXPECT_NEAR(losses.lost, 20'000, 2000);
  EXPECT_NEAR(static_cast<double>(losses.lost) / losses.bursts, 8, 0.8);
}

TEST(Link, LosesNothingAndEverythingWhenAskedTo) {
  EXPECT_EQ(count_losses({.loss_percent = 0}, 1000).lost, 0);
  EXPECT_EQ(count_losses({.loss_percent = 100}, 1000).lost, 1000);
}

TEST(Link, LimitsTheRateAndDropsBehindAFullQueue) {
  SeededRandom random(1);
  // 1000 bytes take 8 ms; the queue holds 20 ms.
  Link link({.latency = 0ms, .bits_per_second = 1'000'000, .queue = 20ms});
  EXPECT_EQ(times(link.carry(start, 1000, random)), std::vector{start + 8ms});
  EXPECT_EQ(times(link.carry(start, 1000, random)), std::vector{start + 16ms});
  EXPECT_EQ(times(link.carry(start, 1000, random)), std::vector{start + 24ms});
  EXPECT_TRUE(link.carry(start, 1000, random).empty());
  EXPECT_EQ(times(link.carry(start + 24ms, 1000, random)), std::vector{start + 32ms});
}

TEST(Link, MarksWhatWaitsLongerThanTheThreshold) {
  SeededRandom random(1);
  // 1000 bytes take 8 ms.
  Link link({.latency = 0ms, .bits_per_second = 1'000'000, .queue = 30ms, .mark_beyond = 8ms});
  EXPECT_FALSE(link.carry(start, 1000, random).marked());
  EXPECT_FALSE(link.carry(start, 1000, random).marked()) << "it waits for 8 ms, and no more";
  EXPECT_TRUE(link.carry(start, 1000, random).marked());
  EXPECT_TRUE(link.carry(start, 1000, random).marked());
  EXPECT_TRUE(link.carry(start, 1000, random).empty()) << "a full queue drops all the same";
  EXPECT_FALSE(link.carry(start + 32ms, 1000, random).marked());
}

}  // namespace
}  // namespace petrel::inline v0::sim
