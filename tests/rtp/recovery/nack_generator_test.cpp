#include "petrel/rtp/recovery/nack_generator.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr Duration round_trip = 50ms;
constexpr ExtendedSequence first = 0x10000 + 65'534;

std::vector<std::uint16_t> due(NackGenerator& generator, TimePoint now) {
  std::vector<std::uint16_t> out;
  generator.take_due(now, round_trip, out);
  return out;
}

using Sequences = std::vector<std::uint16_t>;

TEST(NackGenerator, AsksForTheGapOnceReorderingIsRuledOut) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  generator.handle_packet(start, first + 4);  // 65535, 0 and 1 are missing.

  EXPECT_EQ(generator.next_timeout(), start + 5ms);
  EXPECT_EQ(due(generator, start + 5ms - 1ns), Sequences{});
  EXPECT_EQ(due(generator, start + 5ms), (Sequences{65'535, 0, 1}));
}

TEST(NackGenerator, DoesNotAskForWhatOnlyCameLate) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  generator.handle_packet(start, first + 2);
  generator.handle_packet(start + 4ms, first + 1);

  EXPECT_EQ(generator.next_timeout(), std::nullopt);
  EXPECT_EQ(due(generator, start + 1s), Sequences{});
}

TEST(NackGenerator, AsksAgainAfterARoundTripUntilItsTriesAreUsedUp) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  generator.handle_packet(start, first + 2);

  TimePoint now = start + 5ms;
  for (int i = 0; i < NackGenerator::max_tries; ++i) {
    EXPECT_EQ(due(generator, now - 1ns), Sequences{});
    EXPECT_EQ(due(generator, now), Sequences{65'535}) << i;
    now += 55ms;
  }
  EXPECT_EQ(due(generator, now), Sequences{});
  EXPECT_EQ(generator.missing(), 0U);
  EXPECT_EQ(generator.next_timeout(), std::nullopt);
}

TEST(NackGenerator, StopsAskingForWhatHasArrivedOrIsNoLongerWaitedFor) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  generator.handle_packet(start, first + 5);
  generator.handle_packet(start, first + 2);
  generator.give_up_before(first + 3);

  EXPECT_EQ(due(generator, start + 5ms), (Sequences{1, 2}));
}

TEST(NackGenerator, ForgetsAGapThatIsTooWideToRepair) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  EXPECT_TRUE(generator.handle_packet(start, first + 1 + 512));
  EXPECT_EQ(generator.missing(), 512U);

  EXPECT_FALSE(generator.handle_packet(start, first + 1 + 512 + 2));

  EXPECT_EQ(generator.missing(), 0U);
  EXPECT_TRUE(generator.handle_packet(start, first + 1 + 512 + 3));
}

TEST(NackGenerator, LearnsTheRoundTripFromAnswersToAFirstTry) {
  NackGenerator generator;
  generator.handle_packet(start, first);
  generator.handle_packet(start, first + 2);
  due(generator, start + 5ms);
  EXPECT_EQ(generator.round_trip_or(round_trip), round_trip);

  generator.handle_packet(start + 25ms, first + 1);

  EXPECT_EQ(generator.round_trip_or(round_trip), 20ms);
}

TEST(NackGenerator, NeverHoldsMoreThanItsLimit) {
  NackGenerator generator;
  for (ExtendedSequence i = 0; i < 100'000; i += 2) {
    generator.handle_packet(start, first + i);
    ASSERT_LE(generator.missing(), NackGenerator::max_missing);
  }
}

}  // namespace
}  // namespace petrel::inline v0::rtp
