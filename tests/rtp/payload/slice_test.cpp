#include "petrel/rtp/payload/slice.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "rtp/payload/slice_copy.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::rtp {
namespace {

using testing::copied;
using testing::hex;
using testing::to_vector;

TEST(PayloadSlice, IsItsPrefixesAndBodiesInOrder) {
  const auto first = hex("aabb");
  const auto second = hex("cc");
  PayloadSlice slice;
  slice.add(hex("780002"), first);
  slice.add(hex("0001"), second);
  EXPECT_EQ(slice.size(), 8u);
  EXPECT_EQ(copied(slice), hex("780002 aabb 0001 cc"));
  EXPECT_EQ(slice.parts().size(), 2u);
}

TEST(PayloadSlice, BecomesThePayloadOfAPacket) {
  const auto body = hex("aabb");
  PayloadSlice slice;
  slice.add(hex("7c85"), body);
  const auto packet = write_packet({.payload_type = {96}, .sequence = 7}, ExtensionBlock(), slice);
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->bytes()), hex("8060 0007 00000000 00000000 7c85aabb"));

  const std::vector<std::byte> much(PacketBuffer::capacity);
  PayloadSlice large;
  large.add({}, much);
  EXPECT_EQ(write_packet({}, ExtensionBlock(), large).error(), Errc::no_room);
}

}  // namespace
}  // namespace petrel::inline v0::rtp
