#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/h264.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "rtp/payload/h264_stream.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

using testing::access_units;
using testing::captured_file;
using testing::captured_packets;
using testing::hex;
using testing::nal_units;

std::error_code refusal(std::initializer_list<const char*> payloads) {
  Depacketizer depacketizer;
  for (const char* payload : payloads) {
    if (const auto appended = depacketizer.append(hex(payload)); !appended) return appended.error();
  }
  const auto frame = depacketizer.take();
  return frame ? std::error_code() : frame.error();
}

TEST(H264Depacketizer, PutsTogetherWhatFfmpegSends) {
  const auto expected = access_units(captured_file("x264_baseline.h264"), 100'000);
  std::size_t frames = 0;
  Depacketizer depacketizer;
  for (const auto& packet : captured_packets("x264_baseline.rtp")) {
    const auto view = PacketView::parse(packet);
    ASSERT_TRUE(view);
    ASSERT_TRUE(depacketizer.append(view->payload()));
    if (!view->header().marker) continue;
    const auto frame = depacketizer.take();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->key_frame, expected.at(frames).key_frame);
    EXPECT_EQ(nal_units(frame->bytes), nal_units(expected.at(frames).bytes));
    ++frames;
  }
  EXPECT_EQ(frames, expected.size());
}

TEST(H264Depacketizer, WritesStartCodesOfFourBytes) {
  Depacketizer depacketizer;
  ASSERT_TRUE(depacketizer.append(hex("78 0002 6742 0001 68")));
  ASSERT_TRUE(depacketizer.append(hex("7c85 aa")));
  ASSERT_TRUE(depacketizer.append(hex("7c05")));  // RFC 6184 5.8: a fragment may be empty.
  ASSERT_TRUE(depacketizer.append(hex("7c45 bb")));
  ASSERT_TRUE(depacketizer.append(hex("0600")));
  const auto frame = depacketizer.take();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->bytes, hex("00000001 6742 00000001 68 00000001 65aabb 00000001 0600"));
  EXPECT_TRUE(frame->key_frame);
}

TEST(H264Depacketizer, NamesAMissingFragment) {
  EXPECT_EQ(refusal({"7c05aa"}), Errc::missing_fragment);
  EXPECT_EQ(refusal({"7c45aa"}), Errc::missing_fragment);
  EXPECT_EQ(refusal({"7c85aa"}), Errc::missing_fragment);
  EXPECT_EQ(refusal({"7c85aa", "41e0"}), Errc::missing_fragment);
  EXPECT_EQ(refusal({"7c85aa", "7c85aa"}), Errc::missing_fragment);
  EXPECT_EQ(refusal({"7c85aa", "7800026742"}), Errc::missing_fragment);
}

TEST(H264Depacketizer, NamesWhatItDoesNotTake) {
  for (const char* payload :
       {"79000000026742", "7a0000000000", "7b0000000000", "7d850000aa", "0011", "1e11", "1f11"}) {
    EXPECT_EQ(refusal({payload}), Errc::unsupported_payload) << payload;
  }
}

TEST(H264Depacketizer, NamesWhatContradictsItself) {
  EXPECT_EQ(refusal({"7cc5aa"}), Errc::malformed_payload);            // Start and end.
  EXPECT_EQ(refusal({"7c9caa"}), Errc::malformed_payload);            // A fragment of a fragment.
  EXPECT_EQ(refusal({"7c80aa"}), Errc::malformed_payload);            // Type 0.
  EXPECT_EQ(refusal({"7c85aa", "7c41aa"}), Errc::malformed_payload);  // Another type.
  EXPECT_EQ(refusal({"7c"}), Errc::malformed_payload);
  EXPECT_EQ(refusal({"78"}), Errc::malformed_payload);
  EXPECT_EQ(refusal({"780000"}), Errc::malformed_payload);
  EXPECT_EQ(refusal({"780002780000"}), Errc::malformed_payload);  // An aggregate in an aggregate.
  EXPECT_EQ(refusal({""}), Errc::empty_payload);
  EXPECT_EQ(refusal({}), Errc::empty_frame);
}

TEST(H264Depacketizer, RefusesEveryTruncationOfAnAggregateButThatBetweenUnits) {
  const auto payload = hex("78 0002 6742 0003 68ce01");
  for (std::size_t size = 1; size < payload.size(); ++size) {
    EXPECT_EQ(Depacketizer().append(Bytes(payload).first(size)).has_value(), size == 5) << size;
  }
}

TEST(H264Depacketizer, BeginsAnewAfterAFrame) {
  Depacketizer depacketizer;
  ASSERT_TRUE(depacketizer.append(hex("7c85aa")));
  EXPECT_FALSE(depacketizer.take());
  ASSERT_TRUE(depacketizer.append(hex("41e0")));
  const auto frame = depacketizer.take();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(frame->key_frame);
}

TEST(H264Depacketizer, HoldsAFrameToTheLimit) {
  Depacketizer depacketizer;
  std::vector<std::byte> piece(1 << 16, std::byte{1});
  piece[0] = std::byte{0x7c};
  piece[1] = std::byte{0x85};
  ASSERT_TRUE(depacketizer.append(piece));
  piece[1] = std::byte{0x05};
  Result<void> appended;
  for (std::size_t size = 0; appended && size < 2 * max_frame_size; size += piece.size()) {
    appended = depacketizer.append(piece);
  }
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error(), Errc::frame_too_large);
}

TEST(H264Payload, ShowsWhetherAFrameMayBeginWithIt) {
  for (const char* payload : {"6742", "41e0", "7800026742", "780002 41e0", "7c85 e0", "09f0"}) {
    EXPECT_TRUE(is_start_of_frame(hex(payload))) << payload;
  }
  for (const char* payload :
       {"", "415c", "41", "780002 415c", "78", "7c85 5c", "7c05 e0", "7c", "7d85", "79"}) {
    EXPECT_FALSE(is_start_of_frame(hex(payload))) << payload;
  }
}

TEST(H264Payload, ShowsAKeyFrame) {
  for (const char* payload : {"65e0", "7c85e0", "7c05aa", "78 0001 67 0001 65"}) {
    EXPECT_TRUE(is_key_frame(hex(payload))) << payload;
  }
  for (const char* payload : {"", "6742", "41e0", "7c81e0", "7c", "78 0001 67 0001 68", "78 0009 65"}) {
    EXPECT_FALSE(is_key_frame(hex(payload))) << payload;
  }
}

}  // namespace
}  // namespace petrel::inline v0::rtp::h264
