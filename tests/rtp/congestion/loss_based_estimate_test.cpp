#include "petrel/rtp/congestion/loss_based_estimate.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

TEST(LossBasedEstimate, FallsByHalfOfTheLossAndOnlyAboveTenPercent) {
  LossBasedEstimate estimate;
  estimate.handle_loss(start, 25);
  EXPECT_EQ(estimate.bits_per_second(), 1'000'000U);

  estimate.handle_loss(start + 1s, 128);

  EXPECT_EQ(estimate.bits_per_second(), 750'000U);
}

TEST(LossBasedEstimate, RisesByFivePercentASecondWhileNothingIsLost) {
  LossBasedEstimate estimate;
  for (TimePoint now = start; now < start + 3s; now += 100ms) estimate.handle_loss(now, 0);

  EXPECT_EQ(estimate.bits_per_second(), 1'157'625U);
}

TEST(LossBasedEstimate, CountsTheSameLossOfSeveralStreamsOnce) {
  LossBasedEstimate estimate;
  estimate.handle_loss(start, 128);
  estimate.handle_loss(start + 200ms - 1ns, 128);
  EXPECT_EQ(estimate.bits_per_second(), 750'000U);

  estimate.handle_loss(start + 200ms, 128);
  EXPECT_EQ(estimate.bits_per_second(), 562'500U);
}

TEST(LossBasedEstimate, ObeysRembUntilTheReceiverFallsSilent) {
  LossBasedEstimate estimate;
  estimate.handle_remb(start, 300'000);
  estimate.handle_loss(start + 10s, 0);
  EXPECT_EQ(estimate.bits_per_second(), 300'000U);

  estimate.handle_loss(start + 11s, 0);
  EXPECT_GT(estimate.bits_per_second(), 300'000U);
}

TEST(LossBasedEstimate, StartsWhereTheFirstRembSays) {
  LossBasedEstimate estimate;
  estimate.handle_remb(start, 5'000'000);

  EXPECT_EQ(estimate.bits_per_second(), 5'000'000U);
}

TEST(LossBasedEstimate, StaysWithinItsLimitsWhateverThePeerSays) {
  LossBasedEstimate estimate;
  estimate.handle_remb(start, ~std::uint64_t{0});
  EXPECT_EQ(estimate.bits_per_second(), LossBasedEstimate::highest);
  estimate.handle_remb(start, 0);
  EXPECT_EQ(estimate.bits_per_second(), LossBasedEstimate::lowest);
}

TEST(LossBasedEstimate, TellsOnlyChangesWorthTelling) {
  LossBasedEstimate estimate;
  EXPECT_EQ(estimate.take_change(), 1'000'000U);
  EXPECT_EQ(estimate.take_change(), std::nullopt);

  estimate.handle_remb(start, 970'000);
  EXPECT_EQ(estimate.take_change(), std::nullopt);
  estimate.handle_remb(start, 900'000);
  EXPECT_EQ(estimate.take_change(), 900'000U);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
