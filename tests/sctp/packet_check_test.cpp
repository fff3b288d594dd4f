#include "sctp/packet_check.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using testing::hex;

constexpr std::string_view header = "13881388 00000001 00000000";

TEST(PacketCheck, TakesWholeChunks) {
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0b000004")));
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0b000004 0a000005 aa000000")));
}

TEST(PacketCheck, TakesALastChunkWithoutItsPadding) {
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0a000005 aa")));
}

TEST(PacketCheck, RefusesEveryTruncation) {
  const auto packet = hex(std::string(header) + "0a000008 aabbccdd");
  ASSERT_TRUE(whole_chunks(packet));
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(whole_chunks(Bytes(packet).first(size))) << size;
  }
}

TEST(PacketCheck, RefusesAChunkThatIsShorterThanItsHeader) {
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000003")));
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000000")));
}

TEST(PacketCheck, RefusesTrailingBytesThatAreNoChunk) {
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000004 00")));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
