#pragma once

#include <cstdint>

#include "petrel/base/random.hpp"

namespace petrel::inline v0::sim {

/// A RandomSource that gives the same bytes for the same seed, on every machine (SplitMix64).
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) {
      if (left_ == 0) {
        word_ = next();
        left_ = 8;
      }
      b = static_cast<std::byte>(word_ & 0xff);
      word_ >>= 8;
      --left_;
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
  std::uint64_t word_ = 0;
  int left_ = 0;
};

}  // namespace petrel::inline v0::sim
