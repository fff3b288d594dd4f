#include "support/seeded_openssl.hpp"

#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace petrel::inline v0::testing {
namespace {

std::array<unsigned char, 32> drawn(std::uint64_t seed) {
  const SeededOpenSsl openssl(seed);
  std::array<unsigned char, 32> out{};
  EXPECT_EQ(RAND_bytes(out.data(), 16), 1);
  EXPECT_EQ(RAND_priv_bytes(out.data() + 16, 16), 1);
  return out;
}

TEST(SeededOpenSsl, DrawsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(SeededOpenSsl, GivesTheRealDiceBackAtItsEnd) {
  drawn(1);
  std::array<unsigned char, 32> first{}, second{};
  RAND_bytes(first.data(), 32);
  drawn(1);
  RAND_bytes(second.data(), 32);
  EXPECT_NE(first, second);
}

TEST(SeededOpenSsl, IsOneAtATime) {
  const SeededOpenSsl openssl(1);
  EXPECT_THROW(SeededOpenSsl(2), std::logic_error);
}

}  // namespace
}  // namespace petrel::inline v0::testing
