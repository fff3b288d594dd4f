#include "dtls/library_context.hpp"

#include <gtest/gtest.h>

#include "dtls/openssl_handles.hpp"

namespace petrel::inline v0::dtls {
namespace {

// What a peer's certificate has in it, read back by the context.
KeyHandle read_back(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const unsigned char* at = der;
  KeyHandle read(size > 0 ? d2i_PUBKEY_ex(nullptr, &at, size, library_context(), nullptr) : nullptr);
  OPENSSL_free(der);
  return read;
}

TEST(LibraryContext, ReadsEveryKindOfKeyThatACertificateMayHave) {
  constexpr std::size_t rsa_bits = 2048;
  const KeyHandle keys[]{KeyHandle(EVP_EC_gen("P-256")), KeyHandle(EVP_EC_gen("P-384")),
                         KeyHandle(EVP_RSA_gen(rsa_bits)),
                         KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")),
                         KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"))};
  for (const KeyHandle& key : keys) {
    ASSERT_TRUE(key);
    const KeyHandle read = read_back(key.get());
    ASSERT_TRUE(read) << EVP_PKEY_get0_type_name(key.get());
    EXPECT_EQ(EVP_PKEY_eq(key.get(), read.get()), 1) << EVP_PKEY_get0_type_name(key.get());
  }
}

TEST(LibraryContext, IsOneAndTheSame) { EXPECT_EQ(library_context(), library_context()); }

// Else it would spare nothing. Where OpenSSL is new, or configured otherwise, it is the default context.
TEST(LibraryContext, KnowsNoOtherKeys) {
  if (library_context() == nullptr) return;
  const KeyHandle key(EVP_PKEY_Q_keygen(nullptr, nullptr, "X448"));
  ASSERT_TRUE(key);
  EXPECT_FALSE(read_back(key.get()));
  ERR_clear_error();
}

}  // namespace
}  // namespace petrel::inline v0::dtls
