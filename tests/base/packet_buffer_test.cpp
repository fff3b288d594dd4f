#include "petrel/base/packet_buffer.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0 {
namespace {

using testing::hex;
using testing::to_vector;

TEST(PacketBuffer, BeginsEmpty) {
  const PacketBuffer packet;
  EXPECT_TRUE(packet.empty());
  EXPECT_EQ(packet.bytes().size(), 0U);
  EXPECT_EQ(packet.max_size(), PacketBuffer::capacity + PacketBuffer::tailroom);
}

TEST(PacketBuffer, CopiesWhatFitsAndRefusesOneByteMore) {
  const std::vector<std::byte> largest(PacketBuffer::capacity, std::byte{7});
  const auto packet = PacketBuffer::copy_of(largest);
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->bytes()), largest);
  EXPECT_NE(packet->data(), largest.data());

  const std::vector<std::byte> larger(PacketBuffer::capacity + 1);
  const auto refused = PacketBuffer::copy_of(larger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::too_long);
}

TEST(PacketBuffer, CopiesNothing) {
  const auto packet = PacketBuffer::copy_of({});
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->empty());
}

TEST(PacketBuffer, GrowsInPlaceAtBothEnds) {
  PacketBuffer packet = PacketBuffer::copy_of(hex("0304")).value();
  const std::byte* content = packet.data();
  std::byte* front = packet.grow_front(2);
  front[0] = std::byte{1};
  front[1] = std::byte{2};
  packet.resize(5);
  packet.writable()[4] = std::byte{5};

  EXPECT_EQ(packet.data() + 2, content);
  EXPECT_EQ(to_vector(packet.bytes()), hex("0102030405"));
  packet.drop_front(3);
  EXPECT_EQ(to_vector(packet.bytes()), hex("0405"));
}

TEST(PacketBuffer, OffersAllItsHeadroomAndTailroom) {
  PacketBuffer packet;
  packet.resize(packet.max_size());
  packet.grow_front(PacketBuffer::headroom);
  EXPECT_EQ(packet.size(), PacketBuffer::headroom + PacketBuffer::capacity + PacketBuffer::tailroom);
  EXPECT_EQ(packet.size(), packet.max_size());
  for (std::byte& b : packet.writable()) b = std::byte{0xff};  // The sanitizer watches the ends.
}

TEST(PacketBuffer, OneStepTooFarIsABugOfOurs) {
  PacketBuffer packet;
  EXPECT_DEATH(packet.grow_front(PacketBuffer::headroom + 1), "broken invariant");
  EXPECT_DEATH(packet.resize(packet.max_size() + 1), "broken invariant");
  EXPECT_DEATH(packet.drop_front(1), "broken invariant");
}

TEST(PacketBuffer, MovesWithoutCopying) {
  PacketBuffer packet = PacketBuffer::copy_of(hex("0102")).value();
  const std::byte* content = packet.data();
  PacketBuffer moved = std::move(packet);
  EXPECT_EQ(moved.data(), content);
  EXPECT_EQ(to_vector(moved.bytes()), hex("0102"));
  PacketBuffer assigned;
  assigned = std::move(moved);
  EXPECT_EQ(assigned.data(), content);
}

TEST(PacketBuffer, MayBeDestroyedOnAnotherThread) {
  std::vector<PacketBuffer> packets(1000);
  std::thread([&packets] { packets.clear(); }).join();
  EXPECT_TRUE(packets.empty());
  packets.resize(1000);
}

}  // namespace
}  // namespace petrel::inline v0
