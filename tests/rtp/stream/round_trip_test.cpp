#include "petrel/rtp/stream/round_trip.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr NtpTime at(std::uint32_t middle) { return {std::uint64_t{middle} << 16}; }

TEST(RoundTrip, IsWhatElapsedWithoutTheDelayAtTheOtherEnd) {
  // The example of RFC 3550 6.4.1: A = b710:8000, DLSR = 0005:4000, LSR = b705:2000; 6.125 s.
  RoundTrip round_trip;
  round_trip.handle_report(at(0xb7108000), 0xb7052000, 0x00054000);

  EXPECT_EQ(round_trip.last(), 6125ms);
}

TEST(RoundTrip, IgnoresReportsThatCannotBeTrue) {
  RoundTrip round_trip;
  round_trip.handle_report(at(1000), 0, 0);                 // No sender report was seen.
  round_trip.handle_report(at(0x10000), 0x20000, 0);        // A report that we are yet to send.
  round_trip.handle_report(at(0x20000), 0x10000, 0x20000);  // Held for longer than it existed.
  round_trip.handle_report(at(0x10000 + 61 * 65536), 0x10000, 0);

  EXPECT_EQ(round_trip.last(), std::nullopt);
  EXPECT_EQ(round_trip.smoothed_or(80ms), 80ms);
}

TEST(RoundTrip, ToleratesTheRoundingOfAFastPath) {
  RoundTrip round_trip;
  round_trip.handle_report(at(0x10100), 0x10000, 0x101);

  ASSERT_TRUE(round_trip.last());
  EXPECT_LT(*round_trip.last(), 20us);
}

TEST(RoundTrip, SmoothsOutliersAway) {
  RoundTrip round_trip;
  round_trip.handle_report(at(0x10000 + 6554), 0x10000, 0);
  round_trip.handle_report(at(0x10000 + 65536), 0x10000, 0);

  EXPECT_EQ(round_trip.last(), 1s);
  EXPECT_NEAR(static_cast<double>(round_trip.smoothed_or(0s).count()), 212.5e6, 1e6);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
