#include "petrel/crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::crypto {
namespace {

template <class Digest>
Digest digest(const EVP_MD* algorithm, Bytes data) {
  Digest out{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(data.data(), data.size(), as_unsigned(std::span<std::byte>(out)), &size, algorithm, nullptr);
  PETREL_ASSERT(done == 1 && size == out.size());
  return out;
}

}  // namespace

Md5Digest md5(Bytes data) { return digest<Md5Digest>(EVP_md5(), data); }
Sha1Digest sha1(Bytes data) { return digest<Sha1Digest>(EVP_sha1(), data); }
Sha256Digest sha256(Bytes data) { return digest<Sha256Digest>(EVP_sha256(), data); }

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace petrel::inline v0::crypto
