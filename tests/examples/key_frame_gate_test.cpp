#include "camera/key_frame_gate.hpp"

#include <gtest/gtest.h>

namespace camera {
namespace {

using namespace std::chrono_literals;

constexpr petrel::TimePoint start{};
constexpr ViewerId ann{1};
constexpr ViewerId bob{2};

TEST(KeyFrameGate, AsksAtOnceForTheFirstViewer) {
  KeyFrameGate gate;
  EXPECT_FALSE(gate.poll_request());
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  EXPECT_FALSE(gate.poll_request());
  EXPECT_EQ(gate.next_timeout(), std::nullopt);
}

TEST(KeyFrameGate, GivesAViewerNoDeltaFrameBeforeItsKeyFrame) {
  KeyFrameGate gate;
  EXPECT_FALSE(gate.admits(ann));
  gate.handle_ready(start, ann);
  gate.handle_frame(false);
  EXPECT_FALSE(gate.admits(ann));
  gate.handle_frame(true);
  EXPECT_TRUE(gate.admits(ann));
  gate.handle_ready(start + 1s, bob);
  gate.handle_frame(false);
  EXPECT_TRUE(gate.admits(ann));
  EXPECT_FALSE(gate.admits(bob));
}

TEST(KeyFrameGate, GathersRequestsToOneIn300Milliseconds) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_frame(true);

  gate.handle_request(start + 100ms, ann);
  gate.handle_ready(start + 200ms, bob);
  EXPECT_FALSE(gate.poll_request());
  EXPECT_EQ(gate.next_timeout(), start + 300ms);
  gate.handle_timeout(start + 300ms - 1ns);
  EXPECT_FALSE(gate.poll_request());
  gate.handle_timeout(start + 300ms);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_timeout(start + 600ms);
  EXPECT_FALSE(gate.poll_request());
}

TEST(KeyFrameGate, AsksAgainWhenTheRequestComesLater) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_request(start + 300ms, ann);
  EXPECT_TRUE(gate.poll_request());
}

TEST(KeyFrameGate, LetsAnyKeyFrameServeWhoWaits) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_ready(start + 100ms, bob);
  gate.handle_frame(true);
  EXPECT_EQ(gate.next_timeout(), std::nullopt);
  EXPECT_TRUE(gate.admits(bob));
}

TEST(KeyFrameGate, KeepsSendingToAViewerThatAsks) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  gate.handle_frame(true);
  gate.handle_request(start + 1s, ann);
  gate.handle_frame(false);
  EXPECT_TRUE(gate.admits(ann));
}

TEST(KeyFrameGate, ForgetsWhoIsGone) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_frame(true);
  gate.handle_gone(ann);
  EXPECT_FALSE(gate.admits(ann));
  gate.handle_request(start + 1s, ann);
  EXPECT_FALSE(gate.poll_request());
  gate.handle_ready(start + 2s, ann);
  gate.handle_frame(false);
  EXPECT_FALSE(gate.admits(ann));
}

TEST(KeyFrameGate, LetsAViewerGoOnThatWasGivenTheGroup) {
  KeyFrameGate gate;
  gate.handle_caught_up(ann);
  gate.handle_frame(false);
  EXPECT_TRUE(gate.admits(ann));
  EXPECT_FALSE(gate.poll_request());
}

TEST(KeyFrameGate, IsReadyOnceForEachViewer) {
  KeyFrameGate gate;
  gate.handle_ready(start, ann);
  EXPECT_TRUE(gate.poll_request());
  gate.handle_frame(true);
  gate.handle_ready(start + 1s, ann);
  EXPECT_FALSE(gate.poll_request());
  EXPECT_TRUE(gate.admits(ann));
}

}  // namespace
}  // namespace camera
