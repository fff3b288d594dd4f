#include "petrel/rtp/frame.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using rtp::PayloadFormat;
using testing::hex;
using testing::to_vector;

TEST(EncodedFrame, KeepsWhatItIsMadeOf) {
  const auto frame = EncodedFrame::make(
      hex("00000165"), {.capture_time = TimePoint(5s), .key_frame = true, .rtp_timestamp = 90'000});
  EXPECT_EQ(to_vector(frame->bytes()), hex("00000165"));
  EXPECT_EQ(frame->capture_time(), TimePoint(5s));
  EXPECT_TRUE(frame->key_frame());
  EXPECT_EQ(frame->rtp_timestamp(), 90'000u);
}

TEST(EncodedFrame, TakesBytesOverWithoutCopying) {
  std::vector<std::byte> bytes(1000);
  const auto* place = bytes.data();
  const auto frame = EncodedFrame::make(std::move(bytes), {});
  EXPECT_EQ(frame->bytes().data(), place);
  EXPECT_FALSE(frame->rtp_timestamp());
}

TEST(EncodedFrame, IsCutOncePerFormatAndSize) {
  const auto frame = EncodedFrame::make(std::vector<std::byte>(5000), {});
  const auto first = frame->slices(PayloadFormat::vp8, 1183);
  ASSERT_TRUE(first);
  EXPECT_EQ(frame->slices(PayloadFormat::vp8, 1183)->data(), first->data());
  EXPECT_EQ(frame->slices(PayloadFormat::vp8, 1168)->data(), first->data());
  EXPECT_NE(frame->slices(PayloadFormat::vp8, 1184)->data(), first->data());
  EXPECT_NE(frame->slices(PayloadFormat::vp8, 1167)->data(), first->data());
}

TEST(EncodedFrame, KeepsEarlierSlicesInTheirPlace) {
  const auto frame = EncodedFrame::make(std::vector<std::byte>(5000, std::byte{1}), {});
  const auto first = *frame->slices(PayloadFormat::vp8, 1200);
  const auto* place = first.data();
  for (std::size_t size = 32; size < 1500; size += 16) ASSERT_TRUE(frame->slices(PayloadFormat::vp8, size));
  EXPECT_EQ(frame->slices(PayloadFormat::vp8, 1200)->data(), place);
  EXPECT_EQ(first[0].parts()[0].body.data(), frame->bytes().data());
}

TEST(EncodedFrame, HoldsSlicesToWhatAPacketTakes) {
  const auto frame = EncodedFrame::make(std::vector<std::byte>(5000), {});
  const auto slices = frame->slices(PayloadFormat::vp8, 100'000);
  ASSERT_TRUE(slices);
  for (const auto& slice : *slices) EXPECT_LE(slice.size(), PacketBuffer::capacity - rtp::fixed_header_size);
}

TEST(EncodedFrame, ThatCannotBeCutSaysWhy) {
  const auto frame = EncodedFrame::make(std::vector<std::byte>(5000), {});
  EXPECT_EQ(frame->slices(PayloadFormat::opus, 1200).error(), rtp::Errc::unpacketizable);
  EXPECT_EQ(frame->slices(PayloadFormat::h264, 1200).error(), rtp::Errc::empty_frame);
  EXPECT_EQ(frame->slices(PayloadFormat::vp8, 20).error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace petrel::inline v0
