#include "ice/pair_watch.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

Pair pair(std::uint32_t id, std::uint8_t directness, Duration round_trip) {
  Pair made;
  made.id = PairId{id};
  made.state = PairState::succeeded;
  made.directness = directness;
  made.measured(round_trip);
  made.measured(round_trip);
  return made;
}

TEST(PairWatch, CallsBetterWhatIsLessThanHalfAsFarOrMoreDirect) {
  EXPECT_TRUE(is_clearly_better(pair(1, 2, 39ms), pair(2, 2, 100ms)));
  EXPECT_FALSE(is_clearly_better(pair(1, 2, 40ms), pair(2, 2, 100ms)));
  EXPECT_TRUE(is_clearly_better(pair(1, 2, 120ms), pair(2, 0, 50ms)));
  EXPECT_FALSE(is_clearly_better(pair(1, 2, 121ms), pair(2, 0, 50ms)));
  EXPECT_TRUE(is_clearly_better(pair(1, 2, 50ms), pair(2, 1, 50ms)));
  EXPECT_TRUE(is_clearly_better(pair(1, 0, 39ms), pair(2, 2, 100ms)));
  EXPECT_FALSE(is_clearly_better(Pair{}, pair(2, 2, 100ms))) << "nobody knows";
}

TEST(PairWatch, CallsNoTwoPairsBetterThanEachOther) {
  for (int a = 1; a < 400; a += 7) {
    for (int b = 1; b < 400; b += 7) {
      for (std::uint8_t direct = 0; direct <= 2; ++direct) {
        const Pair one = pair(1, direct, std::chrono::milliseconds(a));
        const Pair other = pair(2, 1, std::chrono::milliseconds(b));
        EXPECT_FALSE(is_clearly_better(one, other) && is_clearly_better(other, one)) << a << " " << b;
      }
    }
  }
}

TEST(PairWatch, BelievesTwoMeasurementsInARow) {
  Pair current = pair(1, 2, 20ms);
  const Pair other = pair(2, 2, 30ms);
  current.measured(500ms);
  EXPECT_FALSE(is_clearly_better(other, current));
  current.measured(500ms);
  EXPECT_TRUE(is_clearly_better(other, current));
}

TEST(PairWatch, LooksAtTheOthersInItsTime) {
  const std::array pairs{pair(1, 2, 10ms), pair(2, 2, 10ms), Pair{}};
  PairWatch watch;
  EXPECT_FALSE(watch.next_timeout());
  watch.start(start);
  EXPECT_EQ(watch.next_timeout(), start + watch_interval);
  EXPECT_FALSE(watch.handle_timeout(start + watch_interval - 1ns, PairId{1}, pairs));
  EXPECT_FALSE(watch.has_due());
  EXPECT_FALSE(watch.handle_timeout(start + watch_interval, PairId{1}, pairs));
  EXPECT_EQ(watch.take_due(), PairId{2});
  EXPECT_FALSE(watch.take_due());
}

TEST(PairWatch, LetsFailedPairsBeTriedAgainNowAndThen) {
  PairWatch watch;
  watch.start(start);
  int retries = 0;
  for (int look = 1; look <= 2 * watches_per_retry; ++look)
    retries += watch.handle_timeout(start + look * watch_interval, PairId{1}, {}) ? 1 : 0;
  EXPECT_EQ(retries, 2);
}

TEST(PairWatch, HurriesOnceASecond) {
  PairWatch watch;
  watch.start(start);
  watch.hurry(start + 1s);
  EXPECT_EQ(watch.next_timeout(), start + 1s);
  watch.handle_timeout(start + 1s, PairId{1}, {});
  watch.hurry(start + 2s - 1ns);
  EXPECT_EQ(watch.next_timeout(), start + 1s + watch_interval);
  watch.hurry(start + 2s);
  EXPECT_EQ(watch.next_timeout(), start + 2s);
}

TEST(PairWatch, WaitsBetweenTwoChangesAndTrustsNoOldAnswer) {
  std::array pairs{pair(1, 2, 200ms), pair(2, 2, 20ms), pair(3, 2, 5ms)};
  for (Pair& each : pairs) each.last_answer = start;
  PairWatch watch;
  watch.start(start);
  EXPECT_FALSE(watch.better_than(PairId{1}, start + renomination_pause - 1ns, pairs));
  EXPECT_EQ(watch.better_than(PairId{1}, start + renomination_pause, pairs), PairId{2});
  pairs[1].last_answer = start + 1s;
  EXPECT_EQ(watch.better_than(PairId{1}, start + 12s, pairs), PairId{2});
  EXPECT_FALSE(watch.better_than(PairId{1}, start + 13s, pairs));
  EXPECT_FALSE(watch.better_than(PairId{9}, start + 12s, pairs)) << "there is no such pair";
}

TEST(PairWatch, KnowsAQuietPair) {
  petrel::testing::SeededRandom random(1);
  Consent consent(start, start, random);
  EXPECT_FALSE(is_quiet(start + 20s, consent));
  const TimePoint asked = consent.next_timeout().value();
  consent.handle_timeout(asked);
  EXPECT_FALSE(is_quiet(asked + quiet_after - 1ns, consent));
  EXPECT_TRUE(is_quiet(asked + quiet_after, consent));
}

}  // namespace
}  // namespace petrel::inline v0::ice
