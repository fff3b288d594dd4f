#include "peer/event_queue.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::detail {
namespace {

constexpr TransceiverId camera{1};
constexpr TransceiverId screen{2};

FrameArrived frame(TransceiverId transceiver, bool key_frame) {
  return {transceiver, EncodedFrame::make(Bytes{}, {.key_frame = key_frame})};
}

std::size_t count_frames(EventQueue& queue) {
  std::size_t count = 0;
  while (auto event = queue.pop()) count += std::holds_alternative<FrameArrived>(*event) ? 1u : 0u;
  return count;
}

TEST(EventQueue, KeepsTheOrder) {
  EventQueue queue;
  queue.push(ConnectionStateChanged{ConnectionState::connecting, {}});
  queue.push_video(frame(camera, true));
  queue.push(ConnectionStateChanged{ConnectionState::connected, {}});

  EXPECT_EQ(std::get<ConnectionStateChanged>(*queue.pop()).state, ConnectionState::connecting);
  EXPECT_TRUE(std::holds_alternative<FrameArrived>(*queue.pop()));
  EXPECT_EQ(std::get<ConnectionStateChanged>(*queue.pop()).state, ConnectionState::connected);
  EXPECT_FALSE(queue.pop());
}

TEST(EventQueue, SaysAWishOnceAndABitrateAsItIsNow) {
  EventQueue queue;
  queue.push(KeyFrameWanted{camera});
  queue.push(TargetBitrateChanged{{1000}});
  queue.push(KeyFrameWanted{camera});
  queue.push(KeyFrameWanted{screen});
  queue.push(TargetBitrateChanged{{2000}});

  EXPECT_EQ(std::get<KeyFrameWanted>(*queue.pop()).transceiver, camera);
  EXPECT_EQ(std::get<TargetBitrateChanged>(*queue.pop()).bitrate.bits_per_second, 2000u);
  EXPECT_EQ(std::get<KeyFrameWanted>(*queue.pop()).transceiver, screen);
  EXPECT_FALSE(queue.pop());
}

// The oldest frame goes, and with it all that hang on it.
TEST(EventQueue, DropsAGroupOfPicturesAndAsksForAKeyFrame) {
  EventQueue queue;
  queue.push_video(frame(camera, true));
  for (std::size_t i = 1; i < EventQueue::max_media; ++i) queue.push_video(frame(camera, false));
  queue.push_video(frame(camera, false));

  EXPECT_EQ(queue.take_broken(), camera);
  EXPECT_FALSE(queue.take_broken());
  EXPECT_EQ(queue.dropped(), EventQueue::max_media + 1);
  queue.push_video(frame(camera, false));
  EXPECT_EQ(count_frames(queue), 0u);
  queue.push_video(frame(camera, true));
  EXPECT_EQ(count_frames(queue), 1u);
}

TEST(EventQueue, GoesOnFromTheNextKeyFrameThatIsWaiting) {
  EventQueue queue;
  queue.push_video(frame(camera, true));
  queue.push_video(frame(camera, false));
  queue.push_video(frame(camera, true));
  while (queue.dropped() == 0) queue.push_video(frame(screen, true));

  EXPECT_FALSE(queue.take_broken());
  EXPECT_EQ(queue.dropped(), 2u);
  EXPECT_TRUE(std::get<FrameArrived>(*queue.pop()).frame->key_frame());
}

TEST(EventQueue, IsBoundedForStatesToo) {
  EventQueue queue;
  for (std::size_t i = 0; i < EventQueue::max_other + 10; ++i) {
    queue.push(IceConnectionStateChanged{i % 2 == 0 ? ice::State::connected : ice::State::disconnected});
  }
  std::size_t count = 0;
  std::optional<PeerEvent> last;
  while (auto event = queue.pop()) {
    last = std::move(event);
    ++count;
  }
  EXPECT_EQ(count, EventQueue::max_other);
  EXPECT_EQ(std::get<IceConnectionStateChanged>(*last).state, ice::State::disconnected);
}

TEST(EventQueue, SaysOnceThatAChannelCanBeRead) {
  EventQueue queue;
  queue.push(ChannelReadable{ChannelId{1}});
  queue.push(ChannelReadable{ChannelId{2}});
  queue.push(ChannelReadable{ChannelId{1}});
  queue.push(ChannelWritable{ChannelId{1}});

  EXPECT_EQ(std::get<ChannelReadable>(*queue.pop()).channel, ChannelId{1});
  EXPECT_EQ(std::get<ChannelReadable>(*queue.pop()).channel, ChannelId{2});
  EXPECT_EQ(std::get<ChannelWritable>(*queue.pop()).channel, ChannelId{1});
  EXPECT_FALSE(queue.pop());
}

TEST(EventQueue, GivesTheEventsOfOneChannelOutOfTurn) {
  EventQueue queue;
  queue.push(ChannelOpened{ChannelId{1}});
  queue.push(ChannelOpened{ChannelId{2}});
  queue.push(ChannelClosed{ChannelId{2}, {}});

  EXPECT_TRUE(std::holds_alternative<ChannelOpened>(*queue.pop_of(ChannelId{2})));
  EXPECT_TRUE(std::holds_alternative<ChannelClosed>(*queue.pop_of(ChannelId{2})));
  EXPECT_FALSE(queue.pop_of(ChannelId{2}));
  EXPECT_EQ(std::get<ChannelOpened>(*queue.pop()).channel, ChannelId{1});
}

// What channels say is never dropped: it is left with them.
TEST(EventQueue, HasRoomForChannelsUpToALimitAndAgainOnceOneIsTaken) {
  EventQueue queue;
  for (std::uint32_t i = 0; i < EventQueue::max_of_channels; ++i) {
    EXPECT_TRUE(queue.has_room_for_channels());
    queue.push(ChannelOpened{ChannelId{i}});
  }
  EXPECT_FALSE(queue.has_room_for_channels());
  for (std::size_t i = 0; i < EventQueue::max_other; ++i)
    queue.push(ConnectionStateChanged{ConnectionState::connecting, {}});
  EXPECT_EQ(queue.dropped(), 0U) << "they do not count as others";
  ASSERT_TRUE(queue.pop());
  EXPECT_TRUE(queue.has_room_for_channels());
}

}  // namespace
}  // namespace petrel::inline v0::detail
