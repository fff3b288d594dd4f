#include "petrel/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/seeded_random.hpp"

namespace petrel::inline v0 {
namespace {

// Gives one byte over and over.
class Constant final : public RandomSource {
 public:
  explicit Constant(std::byte value) : value_(value) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = value_;
  }

 private:
  std::byte value_;
};

TEST(RandomSource, DrawsIntegersFromItsBytes) {
  Constant ones(std::byte{0x01});
  EXPECT_EQ(ones.u64(), 0x0101010101010101U);
  EXPECT_EQ(ones.u32(), 0x01010101U);
  EXPECT_EQ(ones.bytes<3>(), (std::array{std::byte{1}, std::byte{1}, std::byte{1}}));
}

TEST(RandomSource, BetweenStaysInItsBoundsAndReachesThem) {
  testing::SeededRandom random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t value = random.between(3, 5);
    ASSERT_TRUE(value >= 3 && value <= 5);
    low |= value == 3;
    high |= value == 5;
  }
  EXPECT_TRUE(low && high);
}

TEST(RandomSource, BetweenTakesTheWholeRangeAndASinglePoint) {
  Constant largest(std::byte{0xff});
  EXPECT_EQ(largest.between(0, 0xffffffff), 0xffffffffU);
  EXPECT_EQ(largest.between(9, 9), 9U);
}

TEST(SeededRandom, RepeatsItselfHoweverItIsDrawn) {
  testing::SeededRandom a(42);
  testing::SeededRandom b(42);
  const auto whole = a.bytes<16>();
  const auto first = b.bytes<5>();
  const auto second = b.bytes<11>();
  EXPECT_TRUE(std::ranges::equal(std::span(whole).first(5), first));
  EXPECT_TRUE(std::ranges::equal(std::span(whole).last(11), second));
  EXPECT_NE(testing::SeededRandom(43).u64(), testing::SeededRandom(42).u64());
}

}  // namespace
}  // namespace petrel::inline v0
