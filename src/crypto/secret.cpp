#include "petrel/crypto/secret.hpp"

#include <openssl/crypto.h>

namespace petrel::inline v0::crypto {

void cleanse(std::span<std::byte> memory) { OPENSSL_cleanse(memory.data(), memory.size()); }

}  // namespace petrel::inline v0::crypto
