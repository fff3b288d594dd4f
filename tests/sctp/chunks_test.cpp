#include "sctp/chunks.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using testing::hex;

constexpr std::string_view header = "13881388 00000001 00000000";

TEST(Chunks, TakesWholeChunks) {
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0b000004")));
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0b000004 0a000005 aa000000")));
}

TEST(Chunks, TakesALastChunkWithoutItsPadding) {
  EXPECT_TRUE(whole_chunks(hex(std::string(header) + "0a000005 aa")));
}

TEST(Chunks, RefusesEveryTruncation) {
  const auto packet = hex(std::string(header) + "0a000008 aabbccdd");
  ASSERT_TRUE(whole_chunks(packet));
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(whole_chunks(Bytes(packet).first(size))) << size;
  }
}

TEST(Chunks, RefusesAChunkThatIsShorterThanItsHeader) {
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000003")));
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000000")));
}

TEST(Chunks, RefusesTrailingBytesThatAreNoChunk) {
  EXPECT_FALSE(whole_chunks(hex(std::string(header) + "0b000004 00")));
}

TEST(Chunks, AreFoundAndSortedByType) {
  const auto packet = hex(std::string(header) + "03000004 c000000500000000 00000007aabbccdd c0000004");

  EXPECT_TRUE(has_chunk(packet, chunk_type::forward_tsn));
  EXPECT_FALSE(has_chunk(packet, chunk_type::i_forward_tsn));
  EXPECT_EQ(with_only(packet, chunk_type::forward_tsn),
            hex(std::string(header) + "c000000500000000 c0000004"));
  EXPECT_EQ(without(packet, chunk_type::forward_tsn), hex(std::string(header) + "03000004 00000007aabbccdd"));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
