#include "petrel/crypto/system_random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "petrel/base/assert.hpp"
#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::crypto {

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (used_ == block_.size()) {
      // Without randomness nothing we do is safe, so there is no way to go on.
      PETREL_ASSERT(RAND_bytes(as_unsigned(std::span<std::byte>(block_)), static_cast<int>(block_.size())) ==
                    1);
      used_ = 0;
    }
    const std::size_t count = std::min(out.size(), block_.size() - used_);
    const std::span<std::byte> drawn(block_.data() + used_, count);
    std::ranges::copy(drawn, out.begin());
    OPENSSL_cleanse(drawn.data(), drawn.size());  // A key that was drawn here must not stay readable.
    used_ += count;
    out = out.subspan(count);
  }
}

}  // namespace petrel::inline v0::crypto
