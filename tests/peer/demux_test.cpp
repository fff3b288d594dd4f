#include "peer/demux.hpp"

#include <gtest/gtest.h>

#include <array>

namespace petrel::inline v0::detail {
namespace {

PacketKind kind(std::uint8_t first, std::uint8_t second = 0) {
  const std::array<std::byte, 2> packet{std::byte{first}, std::byte{second}};
  return kind_of(packet);
}

// RFC 7983 7, at both ends of every range.
TEST(Demux, TellsKindsByTheFirstByte) {
  EXPECT_EQ(kind(0), PacketKind::stun);
  EXPECT_EQ(kind(3), PacketKind::stun);
  EXPECT_EQ(kind(4), PacketKind::unknown);
  EXPECT_EQ(kind(19), PacketKind::unknown);
  EXPECT_EQ(kind(20), PacketKind::dtls);
  EXPECT_EQ(kind(63), PacketKind::dtls);
  EXPECT_EQ(kind(64), PacketKind::turn_channel);
  EXPECT_EQ(kind(79), PacketKind::turn_channel);
  EXPECT_EQ(kind(80), PacketKind::unknown);
  EXPECT_EQ(kind(127), PacketKind::unknown);
  EXPECT_EQ(kind(128), PacketKind::rtp);
  EXPECT_EQ(kind(191), PacketKind::rtp);
  EXPECT_EQ(kind(192), PacketKind::unknown);
}

// RFC 5761 4: payload types 64 to 95 with the marker are RTCP.
TEST(Demux, TellsRtcpByTheSecondByte) {
  EXPECT_EQ(kind(0x80, 191), PacketKind::rtp);
  EXPECT_EQ(kind(0x80, 192), PacketKind::rtcp);
  EXPECT_EQ(kind(0x80, 223), PacketKind::rtcp);
  EXPECT_EQ(kind(0x80, 224), PacketKind::rtp);
}

TEST(Demux, KnowsNothingOfWhatIsTooShort) {
  EXPECT_EQ(kind_of({}), PacketKind::unknown);
  const std::array<std::byte, 1> lone{std::byte{0x80}};
  EXPECT_EQ(kind_of(lone), PacketKind::unknown);
}

}  // namespace
}  // namespace petrel::inline v0::detail
