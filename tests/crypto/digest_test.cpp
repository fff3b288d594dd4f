#include "petrel/crypto/digest.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::crypto {
namespace {

using testing::hex;
using testing::to_vector;

// RFC 1321 A.5.
TEST(Digest, Md5GivesTheValuesOfItsRfc) {
  EXPECT_EQ(to_vector(md5({})), hex("d41d8cd98f00b204e9800998ecf8427e"));
  EXPECT_EQ(to_vector(md5(as_bytes("abc"))), hex("900150983cd24fb0d6963f7d28e17f72"));
  EXPECT_EQ(to_vector(md5(as_bytes("message digest"))), hex("f96b697d7cb7938d525a2f31aaf161d0"));
}

// FIPS 180-2 A.
TEST(Digest, Sha1GivesTheValuesOfItsStandard) {
  EXPECT_EQ(to_vector(sha1({})), hex("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
  EXPECT_EQ(to_vector(sha1(as_bytes("abc"))), hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
}

// FIPS 180-2 B.
TEST(Digest, Sha256GivesTheValuesOfItsStandard) {
  EXPECT_EQ(to_vector(sha256({})), hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_EQ(to_vector(sha256(as_bytes("abc"))),
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(to_vector(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
  EXPECT_EQ(to_vector(sha256(as_bytes(std::string(1'000'000, 'a')))),
            hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST(Digest, ConstantTimeComparisonSeesEveryDifference) {
  const auto bytes = hex("000102030405060708090a0b0c0d0e0f");
  EXPECT_TRUE(equal_in_constant_time(bytes, hex("000102030405060708090a0b0c0d0e0f")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto other = bytes;
    other[at] ^= std::byte{0x80};
    EXPECT_FALSE(equal_in_constant_time(bytes, other)) << at;
    EXPECT_FALSE(equal_in_constant_time(bytes, Bytes(bytes).first(at))) << at;
  }
}

}  // namespace
}  // namespace petrel::inline v0::crypto
