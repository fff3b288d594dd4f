#include "srtp/reference.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::srtp {
namespace {

using testing::hex;

// RFC 3711 B.3.
TEST(ReferenceSrtp, DerivesTheKeysOfRfc3711) {
  const auto key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
  const auto salt = hex("0EC675AD498AFEEBB6960B3AABE6");
  EXPECT_EQ(reference::derive(key, salt, 0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(reference::derive(key, salt, 2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(reference::derive(key, salt, 1, 32),
            hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE"));
}

const auto gcm_key = hex("000102030405060708090a0b0c0d0e0f");
const auto gcm_salt = hex("517569642070726f2071756f");

// RFC 7714 16.1.1.
TEST(ReferenceSrtp, SealsThePacketOfRfc7714) {
  const auto packet = hex(
      "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 "
      "73207472 6573");
  EXPECT_EQ(reference::protect_rtp_gcm(gcm_key, gcm_salt, packet, 0),
            hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a "
                "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce"));
}

// RFC 7714 17.1.
TEST(ReferenceSrtp, SealsTheControlPacketOfRfc7714) {
  const auto packet = hex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef "
      "deadbeef deadbeef");
  EXPECT_EQ(reference::protect_rtcp_gcm(gcm_key, gcm_salt, packet, 0x5d4),
            hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda "
                "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"));
}

}  // namespace
}  // namespace petrel::inline v0::srtp
