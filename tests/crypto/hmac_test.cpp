#include "petrel/crypto/hmac.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::crypto {
namespace {

using testing::hex;
using testing::to_vector;

struct Vector {
  std::vector<std::byte> key;
  std::vector<std::byte> data;
  std::vector<std::byte> sha1;
  std::vector<std::byte> sha256;
};

// RFC 2202 3 (SHA-1) and RFC 4231 4 (SHA-256), the cases that both have.
std::vector<Vector> vectors() {
  return {
      {to_vector(as_bytes("Jefe")), to_vector(as_bytes("what do ya want for nothing?")),
       hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
       hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")},
      {std::vector(20, std::byte{0x0b}), to_vector(as_bytes("Hi There")),
       hex("b617318655057264e28bc0b6fb378c8ef146be00"),
       hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")},
      {std::vector(20, std::byte{0xaa}), std::vector(50, std::byte{0xdd}),
       hex("125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
       hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")},
  };
}

TEST(Hmac, GivesTheValuesOfItsRfcs) {
  for (const Vector& vector : vectors()) {
    EXPECT_EQ(to_vector(hmac_sha1(vector.key, vector.data)), vector.sha1);
    EXPECT_EQ(to_vector(hmac_sha256(vector.key, vector.data)), vector.sha256);
  }
}

TEST(HmacKey, GivesTheSameValuesAgainAndAgain) {
  for (const Vector& vector : vectors()) {
    HmacSha1Key sha1(vector.key);
    HmacSha256Key sha256(vector.key);
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(to_vector(sha1.compute(vector.data)), vector.sha1);
      EXPECT_EQ(to_vector(sha256.compute(vector.data)), vector.sha256);
      EXPECT_NE(to_vector(sha1.compute(as_bytes("something else"))), vector.sha1);
    }
  }
}

TEST(HmacKey, JoinsHeadAndTailWhereverTheyAreCut) {
  const Vector vector = vectors().front();
  HmacSha1Key key(vector.key);
  for (std::size_t cut = 0; cut <= vector.data.size(); ++cut) {
    const Bytes data(vector.data);
    EXPECT_EQ(to_vector(key.compute(data.first(cut), data.subspan(cut))), vector.sha1) << cut;
  }
}

// Longer than the block, so that the key itself is hashed (RFC 2104 2): RFC 4231 4.7.
TEST(HmacKey, TakesAKeyLongerThanTheBlock) {
  const std::vector key(131, std::byte{0xaa});
  const Bytes data = as_bytes("Test Using Larger Than Block-Size Key - Hash Key First");
  const auto expected = hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_vector(HmacSha256Key(key).compute(data)), expected);
  EXPECT_EQ(to_vector(hmac_sha256(key, data)), expected);
}

TEST(HmacKey, TakesAnEmptyKeyAndEmptyData) {
  EXPECT_EQ(to_vector(hmac_sha1({}, {})), hex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"));
  EXPECT_EQ(to_vector(HmacSha1Key({}).compute({})), hex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"));
}

TEST(HmacKey, TwoKeysDoNotDisturbEachOther) {
  const auto all = vectors();
  HmacSha1Key first(all[0].key);
  HmacSha1Key second(all[1].key);
  EXPECT_EQ(to_vector(first.compute(all[0].data)), all[0].sha1);
  EXPECT_EQ(to_vector(second.compute(all[1].data)), all[1].sha1);
  HmacSha1Key moved = std::move(first);
  EXPECT_EQ(to_vector(moved.compute(all[0].data)), all[0].sha1);
}

}  // namespace
}  // namespace petrel::inline v0::crypto
