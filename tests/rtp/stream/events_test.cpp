#include "petrel/rtp/stream/events.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

constexpr MediaId video{1};
constexpr MediaId other{2};

FrameReceived frame(MediaId media, std::size_t size) {
  return {media, Ssrc{1}, EncodedFrame::make(std::vector<std::byte>(size), {})};
}

TEST(EventQueue, KeepsTheOrder) {
  EventQueue queue;
  EXPECT_TRUE(queue.push(StreamStarted{video, Ssrc{1}}));
  EXPECT_TRUE(queue.push(frame(video, 10)));

  EXPECT_TRUE(std::holds_alternative<StreamStarted>(*queue.pop()));
  EXPECT_TRUE(std::holds_alternative<FrameReceived>(*queue.pop()));
  EXPECT_FALSE(queue.pop());
}

TEST(EventQueue, RequestsAndBitratesCoalesce) {
  EventQueue queue;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(queue.push(KeyFrameRequested{video}));
    EXPECT_TRUE(queue.push(KeyFrameRequested{other}));
    EXPECT_TRUE(queue.push(TargetBitrate{i}));
  }

  EXPECT_EQ(std::get<KeyFrameRequested>(*queue.pop()).media, video);
  EXPECT_EQ(std::get<KeyFrameRequested>(*queue.pop()).media, other);
  EXPECT_EQ(std::get<TargetBitrate>(*queue.pop()).bits_per_second, 9999U);
  EXPECT_FALSE(queue.pop());
}

TEST(EventQueue, HoldsSoManyEventsAndSoManyBytes) {
  EventQueue bytes;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(bytes.push(frame(video, std::size_t{1} << 20)));
  EXPECT_FALSE(bytes.push(frame(video, 1)));
  EXPECT_EQ(bytes.drop_oldest_media(video), 1U);
  EXPECT_TRUE(bytes.push(frame(video, 1)));

  EventQueue events;
  for (std::size_t i = 0; i < EventQueue::max_events; ++i) EXPECT_TRUE(events.push(StreamStarted{}));
  EXPECT_FALSE(events.push(StreamStarted{}));
}

TEST(EventQueue, DropsTheMediaOfOneAndNothingElse) {
  EventQueue queue;
  queue.push(frame(video, 10));
  queue.push(StreamStarted{video, Ssrc{1}});
  queue.push(frame(other, 10));
  queue.push(frame(video, 10));

  EXPECT_EQ(queue.drop_media(video), 2U);

  EXPECT_TRUE(std::holds_alternative<StreamStarted>(*queue.pop()));
  EXPECT_EQ(std::get<FrameReceived>(*queue.pop()).media, other);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
