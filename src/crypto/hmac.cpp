#include "petrel/crypto/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <type_traits>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::crypto {
namespace {

// OpenSSL takes a null key for "keep the last one", so an empty key needs an address.
const unsigned char* address_of(Bytes key) {
  static constexpr unsigned char nothing = 0;
  return key.empty() ? &nothing : as_unsigned(key);
}

template <class Digest>
Digest hmac(const EVP_MD* algorithm, Bytes key, Bytes data) {
  Digest out{};
  unsigned int size = 0;
  const auto* done = HMAC(algorithm, address_of(key), static_cast<int>(key.size()), as_unsigned(data),
                          data.size(), as_unsigned(std::span<std::byte>(out)), &size);
  PETREL_ASSERT(done != nullptr && size == out.size());
  return out;
}

// A context that knows its digest but no key. Copying it is a third of the work of
// making one, because the digest is not looked up again by its name.
template <class Digest>
EVP_MAC_CTX* blank_context() {
  static EVP_MAC_CTX* const blank = [] {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    PETREL_ASSERT(algorithm != nullptr);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);  // The context holds its own reference.
    std::array<char, 8> name =
        std::is_same_v<Digest, Sha1Digest> ? std::array<char, 8>{"SHA1"} : std::array<char, 8>{"SHA256"};
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0), OSSL_PARAM_construct_end()};
    PETREL_ASSERT(context != nullptr && EVP_MAC_CTX_set_params(context, parameters.data()) == 1);
    return context;
  }();
  return blank;
}

EVP_MAC_CTX* as_context(void* context) { return static_cast<EVP_MAC_CTX*>(context); }

}  // namespace

Sha1Digest hmac_sha1(Bytes key, Bytes data) { return hmac<Sha1Digest>(EVP_sha1(), key, data); }
Sha256Digest hmac_sha256(Bytes key, Bytes data) { return hmac<Sha256Digest>(EVP_sha256(), key, data); }

template <class Digest>
HmacKey<Digest>::HmacKey(Bytes key) : context_(EVP_MAC_CTX_dup(blank_context<Digest>())) {
  PETREL_ASSERT(context_ != nullptr);
  PETREL_ASSERT(EVP_MAC_init(as_context(context_.get()), address_of(key), key.size(), nullptr) == 1);
}

template <class Digest>
Digest HmacKey<Digest>::compute(Bytes head, Bytes tail) {
  EVP_MAC_CTX* context = as_context(context_.get());
  Digest out{};
  std::size_t size = 0;
  PETREL_ASSERT(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
  PETREL_ASSERT(EVP_MAC_update(context, as_unsigned(head), head.size()) == 1);
  if (!tail.empty()) PETREL_ASSERT(EVP_MAC_update(context, as_unsigned(tail), tail.size()) == 1);
  PETREL_ASSERT(EVP_MAC_final(context, as_unsigned(std::span<std::byte>(out)), &size, out.size()) == 1);
  PETREL_ASSERT(size == out.size());
  return out;
}

template <class Digest>
void HmacKey<Digest>::Free::operator()(void* context) const noexcept {
  EVP_MAC_CTX_free(as_context(context));
}

template class HmacKey<Sha1Digest>;
template class HmacKey<Sha256Digest>;

}  // namespace petrel::inline v0::crypto
