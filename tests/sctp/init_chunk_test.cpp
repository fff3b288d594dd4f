#include "sctp/init_chunk.hpp"

#include <gtest/gtest.h>

#include "petrel/base/base64.hpp"
#include "sctp/chunks.hpp"
#include "sctp/crc32c.hpp"

namespace petrel::inline v0::sctp {
namespace {

std::vector<std::byte> bytes_of(std::string_view base64) {
  const std::string text = base64_decode(base64).value();
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

// Of a libwebrtc of 2026: a parameter of four types of chunks and no padding.
const std::vector<std::byte> chunk = bytes_of("AQAAHGVPFd8AEAAA/////9tAK2qACAAIgsBAwg==");

TEST(InitChunk, IsReadWholeOrNotAtAll) {
  EXPECT_TRUE(is_init_chunk(chunk));
  for (std::size_t size = 0; size < chunk.size(); ++size) {
    EXPECT_FALSE(is_init_chunk(Bytes(chunk).first(size))) << size;
  }
  auto longer = chunk;
  longer.resize(longer.size() + 4);
  EXPECT_FALSE(is_init_chunk(longer));
}

TEST(InitChunk, MayLackThePaddingOfItsLastParameter) {
  auto padded = chunk;
  padded[3] = std::byte{27};  // The chunk is one byte shorter,
  padded[23] = std::byte{7};  // and so is its parameter.
  EXPECT_TRUE(is_init_chunk(padded));
  padded.pop_back();
  EXPECT_TRUE(is_init_chunk(padded));
  padded.pop_back();
  EXPECT_FALSE(is_init_chunk(padded));
}

TEST(InitChunk, HasATagAWindowAndStreamsBothWays) {
  const auto without = [](std::size_t at, std::size_t count) {
    auto changed = chunk;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), count, std::byte{0});
    return is_init_chunk(changed);
  };
  EXPECT_FALSE(without(0, 1)) << "the type";
  EXPECT_FALSE(without(4, 4)) << "the tag";
  EXPECT_FALSE(without(8, 4)) << "the window";
  EXPECT_FALSE(without(12, 2)) << "outgoing streams";
  EXPECT_FALSE(without(14, 2)) << "incoming streams";
  EXPECT_TRUE(without(16, 4)) << "any TSN will do";
  EXPECT_FALSE(without(22, 2)) << "a parameter of no bytes";
  EXPECT_FALSE(is_init_chunk(std::vector<std::byte>(max_init_bytes + 1, std::byte{1})));
}

TEST(InitChunk, BecomesTheRestOfTheHandshake) {
  const auto ours = bytes_of("AQAAFAECAwQAEAAAASwBLAAAAAA=");
  ASSERT_TRUE(is_init_chunk(ours));
  for (const auto& packet :
       {init_ack_packet({5000, 6000}, ours, chunk), cookie_ack_packet({5000, 6000}, ours)}) {
    EXPECT_TRUE(whole_chunks(packet));
    EXPECT_TRUE(checksum_ok(packet));
    ByteReader reader(packet);
    EXPECT_EQ(reader.u16(), 6000);
    EXPECT_EQ(reader.u16(), 5000);
    EXPECT_EQ(reader.u32(), 0x01020304u) << "what we asked to be called by";
  }
  EXPECT_EQ(init_ack_packet({}, ours, chunk).size(), common_header_size + chunk.size() + 8);
  EXPECT_TRUE(init_chunk_of(cookie_ack_packet({}, ours)).empty());
}

}  // namespace
}  // namespace petrel::inline v0::sctp
