#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// The only source of randomness a protocol core may use. Production passes
/// crypto::SystemRandom; tests pass a seeded source, so that a seed and a
/// commit replay a failure exactly.
class RandomSource {
 public:
  virtual void fill(std::span<std::byte> out) = 0;

  template <std::size_t N>
  std::array<std::byte, N> bytes() {
    std::array<std::byte, N> out;
    fill(out);
    return out;
  }

  std::uint32_t u32() { return static_cast<std::uint32_t>(u64()); }
  std::uint64_t u64() {
    std::uint64_t raw = 0;
    for (std::byte b : bytes<8>()) raw = (raw << 8) | std::to_integer<std::uint64_t>(b);
    return raw;
  }

  /// Uniform in [low, high]. Not for secrets: the modulo bias is below 2^-32.
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(u64() % (std::uint64_t{high} - low + 1));
  }

 protected:
  ~RandomSource() = default;
};

}  // namespace petrel::inline v0
