#include "petrel/crypto/system_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace petrel::inline v0::crypto {
namespace {

TEST(SystemRandom, NeverGivesTheSameBytesTwice) {
  SystemRandom random;
  std::set<std::array<std::byte, 16>> drawn;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(drawn.insert(random.bytes<16>()).second);
}

// The block it draws in has 512 bytes; these sizes end before, at and behind its edge.
TEST(SystemRandom, FillsEverySizeAcrossItsBlocks) {
  SystemRandom random;
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 5000U}) {
    std::vector<std::byte> bytes(size);
    random.fill(bytes);
    // 64 zero bytes in a row mean that something was left out.
    const auto zeros = std::ranges::search_n(bytes, 64, std::byte{0});
    EXPECT_TRUE(zeros.empty()) << size;
  }
}

TEST(SystemRandom, UsesEveryByteValueAboutEquallyOften) {
  SystemRandom random;
  std::vector<std::byte> bytes(256 * 400);
  random.fill(bytes);
  std::array<int, 256> counts{};
  for (const std::byte b : bytes) ++counts[std::to_integer<std::size_t>(b)];
  // 400 expected, a standard deviation of 20: ten of them are out of reach for chance.
  EXPECT_GT(*std::ranges::min_element(counts), 200);
  EXPECT_LT(*std::ranges::max_element(counts), 600);
}

}  // namespace
}  // namespace petrel::inline v0::crypto
