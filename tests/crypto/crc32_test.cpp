#include "petrel/crypto/crc32.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::crypto {
namespace {

TEST(Crc32, GivesTheCheckValueOfItsCatalogue) { EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U); }

TEST(Crc32, KnowsOtherPublishedValues) {
  EXPECT_EQ(crc32({}), 0U);
  EXPECT_EQ(crc32(as_bytes("a")), 0xe8b7be43U);
  EXPECT_EQ(crc32(as_bytes("The quick brown fox jumps over the lazy dog")), 0x414fa339U);
  EXPECT_EQ(crc32(testing::hex("00000000")), 0x2144df1cU);
  EXPECT_EQ(crc32(testing::hex("ffffffff")), 0xffffffffU);
}

}  // namespace
}  // namespace petrel::inline v0::crypto
