#include "petrel/rtp/payload/format.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "rtp/captured_media.hpp"
#include "rtp/payload/slice_copy.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using testing::captured_packets;
using testing::copied;
using testing::hex;

TEST(Packetize, SendsOpusAndRawWholeAndWithoutMarker) {
  const auto frame = hex("f8aabbcc");
  for (const auto format : {PayloadFormat::opus, PayloadFormat::raw}) {
    const auto slices = packetize(format, frame, 100);
    ASSERT_TRUE(slices);
    ASSERT_EQ(slices->size(), 1u);
    EXPECT_EQ(copied(slices->front()), frame);
    EXPECT_FALSE(slices->front().marker());
    EXPECT_EQ(packetize(format, std::vector<std::byte>(101), 100).error(), Errc::unpacketizable);
    EXPECT_EQ(packetize(format, {}, 100).error(), Errc::empty_frame);
  }
}

TEST(Packetize, RefusesASizeThatLeavesNoRoom) {
  for (const auto format :
       {PayloadFormat::h264, PayloadFormat::vp8, PayloadFormat::opus, PayloadFormat::raw}) {
    EXPECT_EQ(packetize(format, hex("00000141e0"), min_max_payload - 1).error(),
              petrel::Errc::invalid_argument);
    EXPECT_TRUE(packetize(format, hex("00000141e0"), min_max_payload));
  }
}

TEST(FormatDepacketizer, GivesFramesAtTheirMarkers) {
  struct Stream {
    PayloadFormat format;
    const char* file;
    std::size_t frames;
    std::size_t key_frames;
  };
  for (const Stream& stream :
       {Stream{PayloadFormat::h264, "x264_baseline.rtp", 8, 2}, Stream{PayloadFormat::vp8, "vp8.rtp", 8, 2},
        Stream{PayloadFormat::opus, "opus.rtp", 11, 11}}) {
    Depacketizer depacketizer(stream.format);
    std::size_t frames = 0;
    std::size_t key_frames = 0;
    bool expects_start = true;
    bool saw_key = false;
    for (const auto& packet : captured_packets(stream.file)) {
      const auto view = PacketView::parse(packet);
      ASSERT_TRUE(view);
      EXPECT_TRUE(!expects_start || is_start_of_frame(stream.format, view->payload()));
      saw_key |= is_key_frame(stream.format, view->payload());
      const auto frame = depacketizer.push(view->payload(), view->header().marker);
      ASSERT_TRUE(frame);
      expects_start = frame->has_value();
      if (!*frame) continue;
      EXPECT_EQ((*frame)->key_frame, saw_key);
      ++frames;
      key_frames += (*frame)->key_frame;
      saw_key = false;
    }
    EXPECT_EQ(frames, stream.frames) << stream.file;
    EXPECT_EQ(key_frames, stream.key_frames) << stream.file;
  }
}

TEST(FormatDepacketizer, RefusesTheRestOfABrokenFrameByTheSameError) {
  Depacketizer depacketizer(PayloadFormat::h264);
  EXPECT_EQ(depacketizer.push(hex("7c05aa"), false).error(), Errc::missing_fragment);
  EXPECT_EQ(depacketizer.push(hex("41e0"), false).error(), Errc::missing_fragment);
  EXPECT_EQ(depacketizer.push(hex("41e0"), true).error(), Errc::missing_fragment);

  const auto next = depacketizer.push(hex("41e0"), true);
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->bytes, hex("00000001 41e0"));
}

TEST(FormatDepacketizer, FinishesAFrameWithoutMarker) {
  Depacketizer depacketizer(PayloadFormat::h264);
  ASSERT_TRUE(depacketizer.push(hex("41e0"), false));
  const auto frame = depacketizer.finish();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->bytes, hex("00000001 41e0"));
  EXPECT_EQ(depacketizer.finish().error(), Errc::empty_frame);
}

TEST(FormatDepacketizer, ForgetsWhenReset) {
  Depacketizer depacketizer(PayloadFormat::h264);
  ASSERT_TRUE(depacketizer.push(hex("7c85aa"), false));
  depacketizer.reset();
  const auto frame = depacketizer.push(hex("41e0"), true);
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->bytes, hex("00000001 41e0"));
  EXPECT_FALSE(depacketizer.push({}, false));
  depacketizer.reset();
  EXPECT_TRUE(depacketizer.push(hex("41e0"), false));
}

TEST(FormatDepacketizer, RefusesAnEmptyPayloadInEveryFormat) {
  for (const auto format : {PayloadFormat::h264, PayloadFormat::opus, PayloadFormat::raw}) {
    EXPECT_EQ(Depacketizer(format).push({}, true).error(), Errc::empty_payload);
    EXPECT_FALSE(format == PayloadFormat::h264 && is_start_of_frame(format, {}));
  }
  EXPECT_EQ(Depacketizer(PayloadFormat::vp8).push({}, true).error(), Errc::truncated);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
