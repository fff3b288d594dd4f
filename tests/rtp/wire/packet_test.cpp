#include "petrel/rtp/wire/packet.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "petrel/rtp/errc.hpp"
#include "rtp/captured_media.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using testing::captured_packets;
using testing::hex;
using testing::to_vector;

const PacketHeader header{
    .marker = true, .payload_type = {96}, .sequence = 0x1234, .timestamp = 0x89abcdef, .ssrc = {0xcafebabe}};

ExtensionBlock one_extension() {
  ExtensionBlock block;
  EXPECT_TRUE(block.add(3, hex("010203")));
  return block;
}

TEST(Packet, IsReadFieldByField) {
  const auto packet = hex("b2e0 1234 89abcdef cafebabe 00000001 00000002 bede0001 32010203 aabbcc 000003");
  const auto view = PacketView::parse(packet);
  ASSERT_TRUE(view);

  EXPECT_EQ(view->header(), header);
  ASSERT_EQ(view->csrc_count(), 2u);
  EXPECT_EQ(view->csrc(0), Ssrc{1});
  EXPECT_EQ(view->csrc(1), Ssrc{2});
  EXPECT_EQ(to_vector(view->extensions().find(3).value()), hex("010203"));
  EXPECT_EQ(to_vector(view->payload()), hex("aabbcc"));
  EXPECT_EQ(view->padding_size(), 3u);
  EXPECT_EQ(view->header_size(), 28u);
}

TEST(Packet, ReadsWhatFfmpegSends) {
  const auto packets = captured_packets("x264_baseline.rtp");
  ASSERT_EQ(packets.size(), 29u);
  const auto first = PacketView::parse(packets[0]);
  ASSERT_TRUE(first);
  std::size_t markers = 0;
  std::uint16_t expected = first->header().sequence;
  for (const auto& packet : packets) {
    const auto view = PacketView::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header().ssrc, Ssrc{0x11223344});
    EXPECT_EQ(view->header().payload_type, PayloadType{96});
    EXPECT_EQ(view->header().sequence, expected++);
    EXPECT_TRUE(view->extensions().empty());
    EXPECT_EQ(view->header_size(), fixed_header_size);
    markers += view->header().marker;
  }
  EXPECT_EQ(markers, 8u);
}

TEST(Packet, IsWrittenAsItIsRead) {
  const auto written = write_packet(header, one_extension(), hex("aabbccdd"));
  ASSERT_TRUE(written);
  EXPECT_EQ(to_vector(written->bytes()), hex("90e0 1234 89abcdef cafebabe bede0001 32010203 aabbccdd"));

  const auto bare = write_packet({.payload_type = {0}}, ExtensionBlock(), {});
  ASSERT_TRUE(bare);
  EXPECT_EQ(to_vector(bare->bytes()), hex("8000 0000 00000000 00000000"));
}

TEST(Packet, LeavesItsPayloadToBeFilled) {
  auto packet = begin_packet(header, one_extension(), 5);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->size(), fixed_header_size + 8 + 5);
  std::ranges::fill(packet->writable().last(5), std::byte{7});
  const auto view = PacketView::parse(packet->bytes());
  ASSERT_TRUE(view);
  EXPECT_EQ(to_vector(view->payload()), hex("0707070707"));
}

TEST(Packet, IsRefusedInEveryTruncationOfItsHeader) {
  const auto packet = hex("92e0 1234 89abcdef cafebabe 00000001 00000002 bede0001 32010203");
  ASSERT_TRUE(PacketView::parse(packet));
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const auto view = PacketView::parse(Bytes(packet).first(size));
    ASSERT_FALSE(view) << size;
    EXPECT_EQ(view.error(), Errc::truncated) << size;
  }
}

TEST(Packet, OfAnotherVersionIsRefused) {
  for (const char* first : {"00", "40", "c0"}) {
    auto packet = hex("80e0 1234 89abcdef cafebabe");
    packet[0] = hex(first)[0];
    EXPECT_EQ(PacketView::parse(packet).error(), Errc::wrong_version);
  }
}

TEST(Packet, PaddingMustLieWithinThePayload) {
  EXPECT_EQ(PacketView::parse(hex("a0e0 1234 89abcdef cafebabe")).error(), Errc::bad_padding);
  EXPECT_EQ(PacketView::parse(hex("a0e0 1234 89abcdef cafebabe 0000")).error(), Errc::bad_padding);
  EXPECT_EQ(PacketView::parse(hex("a0e0 1234 89abcdef cafebabe aa03")).error(), Errc::bad_padding);
  const auto all_padding = PacketView::parse(hex("a0e0 1234 89abcdef cafebabe 0002"));
  ASSERT_TRUE(all_padding);
  EXPECT_TRUE(all_padding->payload().empty());
}

TEST(Packet, OfPaddingAloneHasNoPayload) {
  const auto packet = write_padding_packet(header, ExtensionBlock(), 255);
  ASSERT_TRUE(packet);
  const auto view = PacketView::parse(packet->bytes());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->payload().empty());
  EXPECT_EQ(view->padding_size(), 255u);
  EXPECT_EQ(write_padding_packet(header, ExtensionBlock(), 0).error(), petrel::Errc::invalid_argument);
}

TEST(Packet, TakesAPayloadUpToTheBuffer) {
  const std::size_t largest = max_payload_size(PacketBuffer::capacity, one_extension());
  EXPECT_EQ(largest, PacketBuffer::capacity - 20);
  EXPECT_TRUE(write_packet(header, one_extension(), std::vector<std::byte>(largest)));
  EXPECT_EQ(write_packet(header, one_extension(), std::vector<std::byte>(largest + 1)).error(),
            Errc::no_room);
  EXPECT_EQ(max_payload_size(20, one_extension()), 0u);
  EXPECT_EQ(max_payload_size(3, one_extension()), 0u);
}

TEST(Packet, RefusesAPayloadTypeOfEightBits) {
  EXPECT_EQ(write_packet({.payload_type = {128}}, ExtensionBlock(), {}).error(),
            petrel::Errc::invalid_argument);
}

TEST(Demultiplexer, TellsRtcpByItsSecondByte) {
  for (unsigned second = 0; second < 256; ++second) {
    const std::vector<std::byte> datagram{std::byte{0x80}, static_cast<std::byte>(second)};
    EXPECT_EQ(is_rtcp(datagram), second >= 192 && second <= 223) << second;
  }
  EXPECT_FALSE(is_rtcp({}));
  EXPECT_FALSE(is_rtcp(hex("80")));
}

}  // namespace
}  // namespace petrel::inline v0::rtp
