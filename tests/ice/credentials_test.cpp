#include "petrel/ice/credentials.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using petrel::testing::SeededRandom;

TEST(Credentials, HaveTheRandomBitsThatIceAsksFor) {
  SeededRandom random(1);
  const Credentials credentials = make_credentials(random);
  EXPECT_TRUE(is_valid(credentials));
  EXPECT_GE(credentials.ufrag.size() * 6, 24u);
  EXPECT_GE(credentials.password.size() * 6, 128u);
  EXPECT_NE(make_credentials(random), credentials);
}

TEST(Credentials, AreCheckedForTheirLengths) {
  const auto valid = [](std::size_t ufrag, std::size_t password) {
    return is_valid({std::string(ufrag, 'a'), std::string(password, 'b')});
  };
  EXPECT_TRUE(valid(4, 22));
  EXPECT_TRUE(valid(256, 256));
  EXPECT_FALSE(valid(3, 22));
  EXPECT_FALSE(valid(4, 21));
  EXPECT_FALSE(valid(257, 22));
  EXPECT_FALSE(valid(4, 257));
}

TEST(Credentials, AreCheckedForTheirCharacters) {
  EXPECT_TRUE(is_ice_text("AZaz09+/"));
  for (const char c : std::string(":-_= \r\n\0\x80", 9)) EXPECT_FALSE(is_ice_text(std::string(1, c)));
  EXPECT_FALSE(is_valid({"ab:d", "0123456789012345678901"}));
  EXPECT_FALSE(is_valid({"abcd", "012345678901234567890\n"}));
}

}  // namespace
}  // namespace petrel::inline v0::ice
