#include "petrel/crypto/sha256.hpp"

#include <openssl/evp.h>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::crypto {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

}  // namespace

struct Sha256::State {
  Context context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  PETREL_ASSERT(state_->context != nullptr);
  const int done = EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
  PETREL_ASSERT(done == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes piece) {
  const int done = EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size());
  PETREL_ASSERT(done == 1);
}

Sha256Digest Sha256::digest() const {
  // Finishing ends a context, so it is done to a copy.
  const Context copy(EVP_MD_CTX_new());
  Sha256Digest out{};
  unsigned int size = 0;
  const bool done = copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) == 1 &&
                    EVP_DigestFinal_ex(copy.get(), as_unsigned(std::span<std::byte>(out)), &size) == 1;
  PETREL_ASSERT(done && size == out.size());
  return out;
}

}  // namespace petrel::inline v0::crypto
