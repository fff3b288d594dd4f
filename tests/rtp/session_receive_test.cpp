#include <gtest/gtest.h>

#include "petrel/rtp/wire/rtcp.hpp"
#include "rtp/session_pair.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using petrel::testing::hex;
using petrel::testing::to_vector;
using testing::audio;
using testing::SeededRandom;
using testing::video;

constexpr TimePoint start{1000s};

std::vector<std::byte> packet(std::uint8_t payload_type, std::uint16_t sequence, std::uint32_t ssrc,
                              std::string_view payload, std::string_view mid = {}, bool marker = true) {
  ExtensionBlock extensions;
  if (!mid.empty()) extensions.add(1, as_bytes(mid)).value();
  const auto written =
      write_packet({marker, PayloadType{payload_type}, sequence, 9000, Ssrc{ssrc}}, extensions, hex(payload));
  return to_vector(written->bytes());
}

/// A whole H.264 key frame in one packet.
constexpr std::string_view key_frame = "18 0002 67aa 0002 68aa 0003 65bbcc";

struct Receiver {
  SeededRandom random{1};
  Session session{start, {}, random};
  std::vector<Event> events;

  void hear(TimePoint now, const std::vector<std::byte>& bytes) {
    session.handle_rtp(now, bytes);
    while (auto event = session.poll_event()) events.push_back(std::move(*event));
  }
  template <class T>
  std::vector<const T*> of() const {
    std::vector<const T*> out;
    for (const auto& event : events) {
      if (const auto* found = std::get_if<T>(&event)) out.push_back(found);
    }
    return out;
  }
  template <class T>
  int sent() {
    int count = 0;
    while (const auto outgoing = session.poll_packet()) {
      auto reader = rtcp::Reader::parse(outgoing->packet.bytes());
      while (const auto message = reader->next()) count += std::holds_alternative<T>(*message);
    }
    return count;
  }
};

TEST(SessionReceive, RoutesByMidThenByWhatIsKnownOfTheSsrcThenByPayloadType) {
  Receiver receiver;
  auto second = video(false, true);
  second.mid = "w";
  const MediaId first_media = *receiver.session.add_media(start, video(false, true));
  const MediaId second_media = *receiver.session.add_media(start, second);
  const MediaId audio_media = *receiver.session.add_media(start, audio(false, true));

  receiver.hear(start, packet(96, 1, 10, key_frame, "w"));  // The mid says which.
  receiver.hear(start, packet(96, 2, 10, key_frame));       // The SSRC is known now.
  receiver.hear(start, packet(96, 1, 11, key_frame));       // Two medias have this payload type: nobody's.
  receiver.hear(start, packet(111, 1, 12, "f8aa"));         // One media has this one.
  receiver.hear(start, packet(96, 3, 10, key_frame, "v"));  // The mid moves the SSRC.

  const auto frames = receiver.of<FrameReceived>();
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(frames[0]->media, second_media);
  EXPECT_EQ(frames[1]->media, second_media);
  EXPECT_EQ(frames[2]->media, audio_media);
  EXPECT_EQ(frames[3]->media, first_media);
  EXPECT_EQ(receiver.session.stats().dropped.unknown_ssrc, 1U);
  EXPECT_EQ(receiver.of<StreamStarted>().size(), 3U);
  EXPECT_EQ(receiver.of<StreamEnded>().size(), 1U);
}

TEST(SessionReceive, AThousandUnknownSourcesAreBounded) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  for (std::uint32_t i = 0; i < 1000; ++i) receiver.hear(start, packet(96, 1, 1000 + i, key_frame, "v"));

  const auto stats = receiver.session.stats();
  EXPECT_EQ(stats.inbound.size(), SsrcTable::max_per_media);
  EXPECT_EQ(stats.dropped.too_many_streams, 1000 - SsrcTable::max_per_media);
}

TEST(SessionReceive, CountsByNameWhatItCannotTake) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  auto send_only = audio(true, false);
  const MediaId sending = *receiver.session.add_media(start, send_only);
  const std::uint32_t own = receiver.session.local_ssrc(sending)->value;

  receiver.hear(start, hex("80"));
  receiver.hear(start, packet(50, 1, 1, "aa", "v"));
  receiver.hear(start, packet(111, 1, 2, "f8aa", "a"));
  receiver.hear(start, packet(96, 1, own, key_frame, "v"));
  receiver.hear(start, packet(97, 1, 3, "0001aa", "v"));  // A retransmission of nothing.

  const auto dropped = receiver.session.stats().dropped;
  EXPECT_EQ(dropped.malformed_rtp, 1U);
  EXPECT_EQ(dropped.unknown_payload_type, 1U);
  EXPECT_EQ(dropped.not_receiving, 1U);
  EXPECT_EQ(dropped.own_ssrc, 1U);
  EXPECT_EQ(dropped.malformed_rtx, 1U);
  EXPECT_TRUE(receiver.of<FrameReceived>().empty());
}

TEST(SessionReceive, ARetransmissionTakesThePlaceOfWhatWasLost) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  receiver.hear(start, packet(96, 65'535, 10, key_frame, "v"));
  receiver.hear(start, packet(96, 1, 10, key_frame, "v"));
  ASSERT_EQ(receiver.of<FrameReceived>().size(), 1U);
  EXPECT_EQ(receiver.session.next_timeout(), start + 5ms);
  receiver.session.handle_timeout(start + 5ms);
  EXPECT_EQ(receiver.sent<rtcp::Nack>(), 1);

  receiver.hear(start + 50ms, packet(97, 700, 11, "0000 18 0002 67aa 0002 68aa 0003 65bbcc", "v"));

  EXPECT_EQ(receiver.of<FrameReceived>().size(), 3U);
  EXPECT_EQ(receiver.session.stats().inbound.at(0).retransmitted_packets_received, 1U);
}

TEST(SessionReceive, PaddingOnARetransmissionStreamIsNoError) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  receiver.hear(start, packet(96, 1, 10, key_frame, "v"));
  const auto padding =
      write_padding_packet({false, PayloadType{97}, 5, 9000, Ssrc{11}}, ExtensionBlock(), 255);
  receiver.session.handle_rtp(start, padding->bytes());

  EXPECT_EQ(receiver.session.stats().inbound.at(0).padding_packets_received, 1U);
  EXPECT_EQ(receiver.session.stats().dropped.malformed_rtx, 0U);
}

TEST(SessionReceive, WhoJoinsLateAsksForAKeyFrame) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  receiver.hear(start, packet(96, 1, 10, "41aa", "v"));
  EXPECT_EQ(receiver.sent<rtcp::PictureLossIndication>(), 0);
  receiver.session.handle_timeout(start + 50ms);
  EXPECT_EQ(receiver.sent<rtcp::PictureLossIndication>(), 1);
  EXPECT_TRUE(receiver.of<FrameReceived>().empty());

  receiver.hear(start + 100ms, packet(96, 2, 10, key_frame, "v"));
  EXPECT_EQ(receiver.of<FrameReceived>().size(), 1U);
}

TEST(SessionReceive, ByeEndsTheStream) {
  Receiver receiver;
  receiver.session.add_media(start, video(false, true)).value();
  receiver.hear(start, packet(96, 1, 10, key_frame, "v"));
  rtcp::Writer writer(1200);
  ASSERT_TRUE(writer.add(rtcp::Bye{{Ssrc{10}}, {}}));
  receiver.session.handle_rtcp(start, writer.finish().bytes());
  receiver.hear(start, {});

  EXPECT_EQ(receiver.of<StreamEnded>().size(), 1U);
  EXPECT_TRUE(receiver.session.stats().inbound.empty());
}

TEST(SessionReceive, FramesThatNobodyFetchesAreDroppedUpToAKeyFrame) {
  SeededRandom random(1);
  Session session(start, {}, random);
  session.add_media(start, video(false, true)).value();
  session.handle_rtp(start, packet(96, 0, 10, key_frame, "v"));
  for (std::uint16_t i = 1; i < 3000; ++i) {
    const auto delta =
        write_packet({true, PayloadType{96}, i, 9000U + i * 3000U, Ssrc{10}}, ExtensionBlock(), hex("41aa"));
    session.handle_rtp(start, delta->bytes());
  }
  session.handle_rtp(start, packet(96, 3000, 10, key_frame, "v"));

  bool first = true;
  std::size_t frames = 0;
  while (const auto event = session.poll_event()) {
    const auto* received = std::get_if<FrameReceived>(&*event);
    if (received == nullptr) continue;
    EXPECT_TRUE(received->frame->key_frame() || !first);
    first = false;
    ++frames;
  }
  EXPECT_EQ(frames, 1U);
  EXPECT_GT(session.stats().inbound.at(0).dropped.frames_unread, 1000U);
}

TEST(SessionReceive, NothingIsDueForAMediaOnHold) {
  Receiver receiver;
  const MediaId media = *receiver.session.add_media(start, video(false, true));
  receiver.hear(start, packet(96, 1, 10, key_frame, "v"));
  receiver.hear(start, packet(96, 3, 10, key_frame, "v"));
  receiver.session.update_media(start, media, video(false, false)).value();
  for (int i = 0; i < 10; ++i) {
    const TimePoint due = *receiver.session.next_timeout();
    receiver.session.handle_timeout(due);
    EXPECT_GT(*receiver.session.next_timeout(), due);
  }
  EXPECT_EQ(receiver.sent<rtcp::Nack>(), 0);
}

TEST(SessionReceive, PacketsComeAsTheyAreWhereThatIsAskedFor) {
  Receiver receiver;
  auto config = video(false, true);
  config.deliver_packets = true;
  receiver.session.add_media(start, config).value();
  const auto first = packet(96, 5, 10, "41aa", "v");
  receiver.hear(start, first);
  receiver.hear(start, packet(96, 7, 10, "41cc", "v"));
  receiver.hear(start, packet(97, 1, 11, "0006 41bb", "v"));

  const auto packets = receiver.of<PacketReceived>();
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_TRUE(equal(packets[0]->packet.bytes(), first));
  EXPECT_TRUE(equal(packets[2]->packet.bytes(), packet(96, 6, 10, "41bb")));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
