#pragma once

#include <array>
#include <cstddef>

#include "petrel/base/random.hpp"

namespace petrel::inline v0::crypto {

/// OpenSSL's generator. Use one per executor: it draws in blocks, since twelve
/// bytes at a time cost half a microsecond each. Not for use after fork().
class PETREL_API SystemRandom final : public RandomSource {
 public:
  void fill(std::span<std::byte> out) override;

 private:
  std::array<std::byte, 512> block_{};
  std::size_t used_ = 512;
};

}  // namespace petrel::inline v0::crypto
