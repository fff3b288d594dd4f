#include "petrel/crypto/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace petrel::inline v0::crypto {
namespace {

TEST(Sha256, PiecesOfAnySizeGiveTheDigestOfTheWhole) {
  std::string content(1000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31);
  for (std::size_t step : {1U, 7U, 63U, 64U, 65U, 1000U}) {
    Sha256 hash;
    for (std::size_t at = 0; at < content.size(); at += step) {
      hash.update(as_bytes(std::string_view(content).substr(at, step)));
    }
    EXPECT_EQ(hash.digest(), sha256(as_bytes(content))) << step;
  }
}

TEST(Sha256, GoesOnBehindADigest) {
  Sha256 hash;
  EXPECT_EQ(hash.digest(), sha256({}));
  hash.update(as_bytes("ab"));
  EXPECT_EQ(hash.digest(), sha256(as_bytes("ab")));
  Sha256 moved = std::move(hash);
  moved.update(as_bytes("c"));
  EXPECT_EQ(moved.digest(), sha256(as_bytes("abc")));
}

}  // namespace
}  // namespace petrel::inline v0::crypto
