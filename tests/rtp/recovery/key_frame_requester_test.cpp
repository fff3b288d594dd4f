#include "petrel/rtp/recovery/key_frame_requester.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

TEST(KeyFrameRequester, AsksAtOnceAndAgainUntilAKeyFrameArrives) {
  KeyFrameRequester requester;
  EXPECT_EQ(requester.next_timeout(), std::nullopt);
  requester.want(start);

  EXPECT_TRUE(requester.take_due(start, 50ms));
  EXPECT_FALSE(requester.take_due(start + 250ms - 1ns, 50ms));
  EXPECT_TRUE(requester.take_due(start + 250ms, 50ms));
  requester.key_frame_received();

  EXPECT_EQ(requester.next_timeout(), std::nullopt);
  EXPECT_FALSE(requester.take_due(start + 1h, 50ms));
}

TEST(KeyFrameRequester, LeavesTimeForTwoRoundTrips) {
  KeyFrameRequester requester;
  requester.want(start);
  requester.take_due(start, 400ms);

  EXPECT_EQ(requester.next_timeout(), start + 800ms);
}

TEST(KeyFrameRequester, DoesNotFloodTheEncoderThoughEveryKeyFrameIsBroken) {
  KeyFrameRequester requester;
  int requests = 0;
  for (TimePoint now = start; now < start + 10s; now += 1ms) {
    requester.want(now);
    if (requester.take_due(now, 10ms)) {
      ++requests;
      requester.key_frame_received();
    }
  }

  EXPECT_EQ(requests, 40);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
