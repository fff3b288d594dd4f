#include "dtls/p256_key.hpp"

#include <gtest/gtest.h>

#include <string_view>

#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::dtls {
namespace {

TEST(P256Key, IsOnTheCurveThatItIsNamedAfter) {
  const KeyHandle key = make_p256_key();
  ASSERT_TRUE(key);
  EXPECT_EQ(EVP_PKEY_get_base_id(key.get()), EVP_PKEY_EC);
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 256);
  char name[32] = {};
  std::size_t size = 0;
  ASSERT_EQ(EVP_PKEY_get_group_name(key.get(), name, sizeof name, &size), 1);
  EXPECT_EQ(std::string_view(name, size), "prime256v1");  // OpenSSL's name for it.
}

TEST(P256Key, IsNewEachTimeAndDrawnFromOpenSslsGenerator) {
  const auto key_of_seed = [](std::uint64_t seed) {
    const testing::SeededOpenSsl openssl(seed);
    return make_p256_key();
  };
  const KeyHandle first = key_of_seed(1), again = key_of_seed(1), other = key_of_seed(2);
  EXPECT_EQ(EVP_PKEY_eq(first.get(), again.get()), 1);
  EXPECT_EQ(EVP_PKEY_eq(first.get(), other.get()), 0);
}

}  // namespace
}  // namespace petrel::inline v0::dtls
