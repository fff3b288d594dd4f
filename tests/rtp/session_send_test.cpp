#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "rtp/session_pair.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using petrel::testing::hex;
using petrel::testing::to_vector;
using testing::access_unit;
using testing::audio;
using testing::SeededRandom;
using testing::video;

constexpr TimePoint start{1000s};

std::shared_ptr<const EncodedFrame> frame(RandomSource& random, bool key_frame, std::size_t size = 500) {
  return EncodedFrame::make(access_unit(random, key_frame, size),
                            {.capture_time = start, .key_frame = key_frame});
}

template <class T>
int count_events(Session& session) {
  int count = 0;
  while (const auto event = session.poll_event()) count += std::holds_alternative<T>(*event) ? 1 : 0;
  return count;
}

TEST(SessionSend, RefusesByNameWhatMayNotBeSent) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId receive_only = *session.add_media(start, video(false, true));
  const auto key = frame(random, true);

  EXPECT_EQ(session.send_frame(start, MediaId{99}, key).error(), make_error_code(Errc::not_sending));
  EXPECT_EQ(session.send_frame(start, receive_only, key).error(), make_error_code(Errc::not_sending));
  EXPECT_EQ(session.send_frame(start, receive_only, nullptr).error(),
            make_error_code(petrel::Errc::invalid_argument));
  EXPECT_EQ(session.local_ssrc(receive_only), std::nullopt);
  EXPECT_FALSE(session.poll_packet());
}

TEST(SessionSend, BeginsWithAKeyFrameAndAsksForIt) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, video(true, false));

  EXPECT_EQ(session.send_frame(start, media, frame(random, false)).error(),
            make_error_code(Errc::needs_key_frame));
  EXPECT_EQ(count_events<KeyFrameRequested>(session), 1);
  EXPECT_TRUE(session.send_frame(start, media, frame(random, true)));
  EXPECT_TRUE(session.send_frame(start, media, frame(random, false)));
  EXPECT_EQ(session.stats().outbound.at(0).dropped.frames_before_key_frame, 1U);
}

std::size_t count_packets(Session& session) {
  std::size_t packets = 0;
  while (session.poll_packet()) ++packets;
  return packets;
}

TEST(SessionSend, WhereNobodyPollsTheOldVideoMakesRoomForAKeyFrame) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, video(true, false));
  const auto large = frame(random, true, 1'000'000);
  ASSERT_TRUE(session.send_frame(start, media, large));
  const std::size_t packets = count_packets(session);
  ASSERT_GT(3 * packets, Session::max_outgoing_packets);
  ASSERT_TRUE(session.send_frame(start, media, large));
  ASSERT_TRUE(session.send_frame(start, media, large));

  EXPECT_TRUE(session.send_frame(start + 1s, media, large));

  EXPECT_EQ(count_packets(session), packets);
  EXPECT_EQ(session.stats().outbound.at(0).dropped.packets_queue_full, 2 * packets);
  EXPECT_TRUE(session.send_frame(start + 1s, media, frame(random, false)));
}

TEST(SessionSend, WhereNobodyPollsADeltaHangsOnWhatIsDroppedAndAKeyFrameIsWanted) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, video(true, false));
  const auto large = frame(random, true, 1'000'000);
  ASSERT_TRUE(session.send_frame(start, media, large));
  ASSERT_TRUE(session.send_frame(start, media, large));
  count_events<KeyFrameRequested>(session);

  EXPECT_EQ(session.send_frame(start + 1s, media, frame(random, false, 1'000'000)).error(),
            make_error_code(Errc::needs_key_frame));

  EXPECT_EQ(count_events<KeyFrameRequested>(session), 1);
  EXPECT_EQ(count_packets(session), 0U);
  EXPECT_TRUE(session.send_frame(start + 1s, media, large));
}

TEST(SessionSend, WhereNobodyPollsTheOldestAudioGoesPacketByPacket) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, audio(true, false));
  const std::vector<std::byte> opus = hex("f8aabb");
  TimePoint now = start;
  for (std::size_t i = 0; i < Session::max_outgoing_packets + 3; ++i, now += 20ms) {
    ASSERT_TRUE(session.send_frame(now, media, EncodedFrame::make(opus, {.capture_time = now})));
  }

  const auto oldest = session.poll_packet();
  EXPECT_EQ(count_packets(session), Session::max_outgoing_packets - 1);
  EXPECT_EQ(session.stats().outbound.at(0).dropped.packets_queue_full, 3U);
  EXPECT_EQ(count_events<KeyFrameRequested>(session), 0);
  // The fourth is the oldest that is left.
  ASSERT_TRUE(session.send_frame(now, media, EncodedFrame::make(opus, {.capture_time = now})));
  const auto newest = session.poll_packet();
  const auto number = [](const auto& packet) {
    return PacketView::parse(packet->packet.bytes())->header().sequence;
  };
  EXPECT_EQ(static_cast<std::uint16_t>(number(newest) - number(oldest)), Session::max_outgoing_packets);
}

TEST(SessionSend, AFrameThatFitsIntoNoQueueIsRefusedAndAKeyFrameIsWanted) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, video(true, false));
  ASSERT_TRUE(session.send_frame(start, media, frame(random, true)));
  count_events<KeyFrameRequested>(session);

  EXPECT_EQ(session.send_frame(start + 1s, media, frame(random, false, 3'000'000)).error(),
            make_error_code(Errc::queue_full));

  EXPECT_EQ(count_events<KeyFrameRequested>(session), 1);
  EXPECT_EQ(session.send_frame(start + 1s, media, frame(random, false)).error(),
            make_error_code(Errc::needs_key_frame));
  EXPECT_EQ(count_packets(session), 1U);
  EXPECT_EQ(session.stats().outbound.at(0).dropped.frames_queue_full, 1U);
}

TEST(SessionSend, NumbersGoOnOverTheWrap) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, audio(true, false));
  std::optional<std::uint16_t> last;
  std::optional<std::uint32_t> last_timestamp;
  for (int i = 0; i < 70'000; ++i) {
    const TimePoint now = start + i * 20ms;
    // A 20 ms CELT frame, RFC 6716 table 2.
    const auto opus = EncodedFrame::make(hex("f8aabb"), {.capture_time = now, .key_frame = true});
    ASSERT_TRUE(session.send_frame(now, media, opus));
    const auto outgoing = session.poll_packet();
    ASSERT_TRUE(outgoing);
    const auto view = PacketView::parse(outgoing->packet.bytes());
    if (last) {
      ASSERT_EQ(view->header().sequence, static_cast<std::uint16_t>(*last + 1));
      ASSERT_EQ(view->header().timestamp, *last_timestamp + 960);
    } else {
      EXPECT_LT(view->header().sequence, 0x8000);  // RFC 3711 3.3.1
    }
    last = view->header().sequence;
    last_timestamp = view->header().timestamp;
    while (session.poll_event()) continue;
  }
}

TEST(SessionSend, RawPacketsGetThisSessionsNumbers) {
  SeededRandom random(1);
  Session session(start, {}, random);
  const MediaId media = *session.add_media(start, video(true, false));

  EXPECT_EQ(session.send_packet(start, media, hex("80")).error(), make_error_code(Errc::truncated));
  EXPECT_EQ(session.send_packet(start, media, hex("8021 0001 00000000 00000001 aa")).error(),
            make_error_code(Errc::not_sending));  // Payload type 33 was not agreed.
  ASSERT_TRUE(session.send_packet(start, media, hex("80e0 0001 01020304 00000001 aabb")));

  const auto outgoing = session.poll_packet();
  const auto view = PacketView::parse(outgoing->packet.bytes());
  EXPECT_EQ(view->header().ssrc, *session.local_ssrc(media));
  EXPECT_EQ(view->header().timestamp, 0x01020304U);
  EXPECT_TRUE(view->header().marker);
  EXPECT_EQ(to_vector(view->payload()), hex("aabb"));
  EXPECT_TRUE(view->extensions().find(1));
}

TEST(SessionSend, RefusesConfigurationsThatNoPacketCanCarry) {
  SeededRandom random(1);
  Session session(start, {}, random);
  auto config = video(true, false);
  config.payloads[0].payload_type = PayloadType{72};  // RFC 5761 4: looks like RTCP.
  EXPECT_FALSE(session.add_media(start, config));
  config = video(true, false);
  config.extensions.mid = 0;
  EXPECT_FALSE(session.add_media(start, config));
  config = video(true, false);
  config.payloads[0].clock_rate = 0;
  EXPECT_FALSE(session.add_media(start, config));

  for (std::size_t i = 0; i < Session::max_medias; ++i)
    ASSERT_TRUE(session.add_media(start, video(false, true)));
  EXPECT_EQ(session.add_media(start, video(false, true)).error(),
            make_error_code(petrel::Errc::limit_reached));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
