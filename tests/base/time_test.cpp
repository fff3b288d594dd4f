#include "petrel/base/time.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

constexpr NtpTime noon{std::uint64_t{0xe0000000} << 32};
constexpr ClockMapping mapping{.at = TimePoint(100s), .ntp = noon};

TEST(ClockMapping, IsExactAtItsOwnInstant) { EXPECT_EQ(mapping.to_ntp(TimePoint(100s)), noon); }

TEST(ClockMapping, CountsSecondsAboveAndFractionsBelow) {
  EXPECT_EQ(mapping.to_ntp(TimePoint(101s)).value, noon.value + (std::uint64_t{1} << 32));
  EXPECT_EQ(mapping.to_ntp(TimePoint(100s + 500ms)).value, noon.value + (std::uint64_t{1} << 31));
  EXPECT_EQ(mapping.to_ntp(TimePoint(100s + 250ms)).value, noon.value + (std::uint64_t{1} << 30));
}

TEST(ClockMapping, GoesBackAsWell) {
  EXPECT_EQ(mapping.to_ntp(TimePoint(99s)).value, noon.value - (std::uint64_t{1} << 32));
  EXPECT_EQ(mapping.to_ntp(TimePoint(99s + 500ms)).value, noon.value - (std::uint64_t{1} << 31));
}

TEST(ClockMapping, LosesLessThanANanosecondOverYears) {
  const Duration years = 24h * 365 * 10;
  for (const Duration rest : {0ns, 1ns, 999'999'999ns}) {
    const std::uint64_t passed = mapping.to_ntp(TimePoint(100s + years + rest)).value - noon.value;
    const std::uint64_t ns = (passed >> 32) * 1'000'000'000 + (((passed & 0xffffffff) * 1'000'000'000) >> 32);
    const auto expected = static_cast<std::uint64_t>((years + rest).count());
    EXPECT_LE(expected - ns, 1U) << rest.count();
  }
}

TEST(ClockMapping, NeverStepsBackWhileTimeGoesOn) {
  std::uint64_t last = 0;
  for (Duration at = 98s; at < 102s; at += 997'001ns) {
    const std::uint64_t value = mapping.to_ntp(TimePoint(at)).value;
    ASSERT_GT(value, last);
    last = value;
  }
}

TEST(NtpTime, TheMiddleIsSecondsLowAndFractionHigh) {
  EXPECT_EQ((NtpTime{0x0123456789abcdef}.middle()), 0x456789abU);
}

}  // namespace
}  // namespace petrel::inline v0
