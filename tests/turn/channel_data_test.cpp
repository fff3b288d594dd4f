#include "petrel/turn/channel_data.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::turn {
namespace {

using testing::hex;

TEST(ChannelData, IsReadWhereItLies) {
  const auto bytes = hex("4001 0005 68656c6c6f");
  const auto view = ChannelDataView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->channel, 0x4001);
  EXPECT_EQ(as_text(view->payload), "hello");
  EXPECT_EQ(view->payload.data(), bytes.data() + 4);
}

TEST(ChannelData, MayBeEmpty) {
  const auto bytes = hex("4fff 0000");
  const auto view = ChannelDataView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->payload.empty());
}

TEST(ChannelData, CutShortIsNone) {
  const auto bytes = hex("4001 0005 68656c6c6f");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ChannelDataView::parse(Bytes(bytes).first(size)).error(), Errc::truncated) << size;
  }
}

TEST(ChannelData, MayHavePaddingAndNoMore) {
  auto bytes = hex("4001 0005 68656c6c6f");
  for (int padding = 1; padding <= 3; ++padding) {
    bytes.push_back(std::byte{0xff});
    const auto view = ChannelDataView::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(as_text(view->payload), "hello");
  }
  bytes.push_back(std::byte{0});
  EXPECT_EQ(ChannelDataView::parse(bytes).error(), Errc::bad_length);
}

TEST(ChannelData, HasAChannelOfTurn) {
  EXPECT_EQ(ChannelDataView::parse(hex("3fff 0000")).error(), Errc::bad_channel);
  EXPECT_EQ(ChannelDataView::parse(hex("5000 0000")).error(), Errc::bad_channel);
  EXPECT_EQ(ChannelDataView::parse(hex("7fff 0000"), max_old_channel)->channel, 0x7fff);
  EXPECT_EQ(ChannelDataView::parse(hex("8000 0000"), max_old_channel).error(), Errc::bad_channel);
  EXPECT_TRUE(ChannelDataView::parse(hex("4000 0000")));
  EXPECT_FALSE(begins_channel_data(std::byte{0x3f}));
  EXPECT_TRUE(begins_channel_data(std::byte{0x40}));
  EXPECT_TRUE(begins_channel_data(std::byte{0x4f}));
  EXPECT_FALSE(begins_channel_data(std::byte{0x50}));
}

TEST(ChannelData, IsPutAroundAPayloadInPlace) {
  auto packet = PacketBuffer::copy_of(as_bytes("hello")).value();
  const std::byte* payload = packet.data();
  prepend_channel_data(packet, 0x4001, false);
  EXPECT_TRUE(equal(packet.bytes(), hex("4001 0005 68656c6c6f")));
  EXPECT_EQ(packet.data() + 4, payload);
}

TEST(ChannelData, IsPaddedForStreams) {
  for (std::size_t size = 0; size <= 9; ++size) {
    const std::string text(size, 'x');
    auto packet = PacketBuffer::copy_of(as_bytes(text)).value();
    prepend_channel_data(packet, 0x4fff, true);
    EXPECT_EQ(packet.size() % 4, 0U);
    EXPECT_LT(packet.size(), 4 + size + 4);
    const auto view = ChannelDataView::parse(packet.bytes());
    ASSERT_TRUE(view);
    EXPECT_EQ(as_text(view->payload), text);
  }
}

TEST(ChannelData, FitsAroundTheLargestPacket) {
  auto packet = PacketBuffer::copy_of(std::vector<std::byte>(PacketBuffer::capacity)).value();
  prepend_channel_data(packet, 0x4000, true);
  EXPECT_EQ(ChannelDataView::parse(packet.bytes())->payload.size(), PacketBuffer::capacity);
}

}  // namespace
}  // namespace petrel::inline v0::turn
