#include "petrel/rtp/stream/rtp_clock.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000s};

TEST(RtpClock, UnitsAreExactOverYearsAndBelowZero) {
  EXPECT_EQ(to_rtp_units(1s, 90'000), 90'000U);
  EXPECT_EQ(to_rtp_units(24h * 3650, 90'000), static_cast<std::uint32_t>(3650ULL * 86'400 * 90'000));
  EXPECT_EQ(to_rtp_units(-1ns, 90'000), 0xffffffffU);
  EXPECT_EQ(to_rtp_units(-1s, 90'000), static_cast<std::uint32_t>(-90'000));
}

TEST(RtpClock, VideoTimestampsFollowTheCaptureTimeFromTheOffset) {
  RtpClock clock(90'000, 77);
  const std::uint32_t first = clock.video_timestamp(start);

  EXPECT_EQ(first, 77U + 90'000'000U);
  EXPECT_EQ(clock.video_timestamp(start + 33'333'333ns), first + 2999);
  EXPECT_EQ(clock.video_timestamp(start + 1s), first + 90'000);
}

TEST(RtpClock, VideoNeverRepeatsATimestampAndGoesOnAtItsPaceAfterAStepBack) {
  RtpClock clock(90'000, 0);
  const std::uint32_t first = clock.video_timestamp(start);

  EXPECT_EQ(clock.video_timestamp(start), first + 1);
  EXPECT_EQ(clock.video_timestamp(start - 5s), first + 2);
  EXPECT_EQ(clock.video_timestamp(start - 4s), first + 2 + 90'000);
}

TEST(RtpClock, ReportsAreExactHoursAfterTheLastFrame) {
  RtpClock clock(90'000, 5);
  clock.video_timestamp(start + 1ns);

  EXPECT_EQ(clock.at(start + 5h + 1s / 3), 5U + to_rtp_units(1000s + 5h + 1s / 3, 90'000));
  EXPECT_EQ(clock.at(start), 5U + 90'000'000U);  // Before the last frame, too: capture times may be late.
}

TEST(RtpClock, HasNoTimestampBeforeTheFirstFrame) { EXPECT_EQ(RtpClock(90'000, 5).at(start), std::nullopt); }

TEST(RtpClock, AudioHasNoSeamsWhileCaptureTimesJitter) {
  RtpClock clock(48'000, 0);
  const std::uint32_t first = clock.audio_timestamp(start, 960);

  EXPECT_EQ(clock.audio_timestamp(start + 23ms, 960), first + 960);
  EXPECT_EQ(clock.audio_timestamp(start + 31ms, 960), first + 1920);
  EXPECT_EQ(clock.audio_timestamp(start + 60ms, 960), first + 2880);
}

TEST(RtpClock, AudioShowsARealGap) {
  RtpClock clock(48'000, 0);
  const std::uint32_t first = clock.audio_timestamp(start, 960);

  EXPECT_EQ(clock.audio_timestamp(start + 520ms, 960), first + 520 * 48);
}

TEST(RtpClock, FollowsTimestampsFromOutside) {
  RtpClock clock(90'000, 0);
  clock.follow(start, 1234);

  EXPECT_EQ(clock.at(start + 1s), 1234U + 90'000);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
