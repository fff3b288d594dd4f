#include "petrel/crypto/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::crypto {
namespace {

template <class Digest>
Digest hmac(const EVP_MD* algorithm, Bytes key, Bytes data) {
  Digest out{};
  unsigned int size = 0;
  const auto* done = HMAC(algorithm, key.data(), static_cast<int>(key.size()), as_unsigned(data), data.size(),
                          as_unsigned(std::span<std::byte>(out)), &size);
  PETREL_ASSERT(done != nullptr && size == out.size());
  return out;
}

}  // namespace

Sha1Digest hmac_sha1(Bytes key, Bytes data) { return hmac<Sha1Digest>(EVP_sha1(), key, data); }
Sha256Digest hmac_sha256(Bytes key, Bytes data) { return hmac<Sha256Digest>(EVP_sha256(), key, data); }

}  // namespace petrel::inline v0::crypto
