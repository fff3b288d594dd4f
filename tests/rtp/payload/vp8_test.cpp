#include "petrel/rtp/payload/vp8.hpp"

#include <gtest/gtest.h>

#include <array>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "rtp/captured_media.hpp"
#include "rtp/payload/slice_copy.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp::vp8 {
namespace {

using testing::captured_ivf_frames;
using testing::captured_packets;
using testing::copied;
using testing::hex;
using testing::to_vector;

void expect_both_ways(std::string_view digits, const Descriptor& descriptor) {
  auto payload = hex(digits);
  payload.push_back(std::byte{0xaa});
  const auto parsed = parse_payload(payload);
  ASSERT_TRUE(parsed) << digits;
  EXPECT_EQ(parsed->descriptor, descriptor) << digits;
  EXPECT_EQ(to_vector(parsed->body), hex("aa"));

  std::array<std::byte, Descriptor::max_size> bytes{};
  ByteWriter out(bytes);
  ASSERT_TRUE(parsed->descriptor.write(out));
  EXPECT_EQ(to_vector(out.written()), hex(digits));

  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(parse_payload(Bytes(payload).first(size))) << digits << size;
  }
}

TEST(Vp8Descriptor, IsWrittenAsItIsRead) {
  expect_both_ways("10", {.start_of_partition = true});
  expect_both_ways("27", {.non_reference = true, .partition = 7});
  expect_both_ways("90807f", {.start_of_partition = true, .picture_id = 127, .long_picture_id = false});
  expect_both_ways("9080ffff", {.start_of_partition = true, .picture_id = 32767});
  expect_both_ways("804009", {.tl0_picture_index = 9});
  expect_both_ways("8020a0", {.temporal_layer = 2, .layer_sync = true});
  expect_both_ways("80101f", {.key_index = 31});
  expect_both_ways("90f0812355df", {.start_of_partition = true,
                                    .picture_id = 0x123,
                                    .tl0_picture_index = 0x55,
                                    .temporal_layer = 3,
                                    .key_index = 31});
}

TEST(Vp8Descriptor, NeedsSomethingBehindIt) {
  EXPECT_EQ(parse_payload(hex("10")).error(), Errc::empty_payload);
}

TEST(Vp8Frame, OfAKeyTellsItsSize) {
  const auto frames = captured_ivf_frames("vp8.ivf");
  ASSERT_EQ(frames.size(), 8u);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto header = parse_frame_header(frames[i]);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->key_frame, i % 4 == 0);
    EXPECT_TRUE(header->shown);
    EXPECT_EQ(header->width, i % 4 == 0 ? 178 : 0);
    EXPECT_EQ(header->height, i % 4 == 0 ? 98 : 0);
    EXPECT_LT(header->first_partition_size, frames[i].size());
  }
}

TEST(Vp8Frame, IsRefusedInEveryTruncationOfItsHeader) {
  const auto key = hex("10 02 00 9d012a b200 6200");
  ASSERT_TRUE(parse_frame_header(key));
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(parse_frame_header(Bytes(key).first(size)).error(), Errc::truncated) << size;
  }
  EXPECT_EQ(parse_frame_header(hex("10 02 00 9d012b b200 6200")).error(), Errc::malformed_bitstream);
}

TEST(Vp8Depacketizer, PutsTogetherWhatFfmpegSends) {
  const auto expected = captured_ivf_frames("vp8.ivf");
  std::size_t frames = 0;
  Depacketizer depacketizer;
  for (const auto& packet : captured_packets("vp8.rtp")) {
    const auto view = PacketView::parse(packet);
    ASSERT_TRUE(view && depacketizer.append(view->payload()));
    if (!view->header().marker) continue;
    const auto frame = depacketizer.take();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->bytes, expected.at(frames));
    EXPECT_EQ(frame->key_frame, frames % 4 == 0);
    ++frames;
  }
  EXPECT_EQ(frames, expected.size());
}

TEST(Vp8Depacketizer, WantsTheStartFirstAndOnce) {
  Depacketizer depacketizer;
  EXPECT_EQ(depacketizer.append(hex("00 aa")).error(), Errc::missing_fragment);
  EXPECT_EQ(depacketizer.take().error(), Errc::empty_frame);
  ASSERT_TRUE(depacketizer.append(hex("10 310000")));
  EXPECT_EQ(depacketizer.append(hex("10 310000")).error(), Errc::missing_fragment);
}

TEST(Vp8Packetizer, BringsEveryFrameThroughAtEverySize) {
  for (const auto& frame : captured_ivf_frames("vp8.ivf")) {
    for (std::size_t max_payload = 32; max_payload < 1500; max_payload += 11) {
      const auto slices = packetize(frame, max_payload);
      ASSERT_TRUE(slices);
      Depacketizer depacketizer;
      for (const PayloadSlice& slice : *slices) {
        ASSERT_LE(slice.size(), max_payload);
        ASSERT_EQ(slice.marker(), &slice == &slices->back());
        ASSERT_TRUE(depacketizer.append(copied(slice)));
      }
      const auto received = depacketizer.take();
      ASSERT_TRUE(received);
      ASSERT_EQ(received->bytes, frame);
    }
  }
}

TEST(Vp8Packetizer, NamesWhatItCannotSend) {
  EXPECT_EQ(packetize({}, 100).error(), Errc::empty_frame);
  EXPECT_EQ(packetize(std::vector<std::byte>(max_frame_size + 1), 100).error(), Errc::frame_too_large);
}

}  // namespace
}  // namespace petrel::inline v0::rtp::vp8
