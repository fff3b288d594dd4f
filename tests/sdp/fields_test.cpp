#include "sdp/fields.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace petrel::sdp {
namespace {

TEST(Fields, AreSeparatedByAnyRunOfBlanks) {
  Fields fields("  one two\t three  ");

  EXPECT_EQ(fields.next(), "one");
  EXPECT_EQ(fields.rest(), "two\t three");
  EXPECT_EQ(fields.next(), "two");
  EXPECT_FALSE(fields.at_end());
  EXPECT_EQ(fields.next(), "three");
  EXPECT_TRUE(fields.at_end());
  EXPECT_EQ(fields.next(), "");
}

TEST(Split, CutsAtTheFirstSeparator) {
  EXPECT_EQ(split("a:b:c", ':').before, "a");
  EXPECT_EQ(split("a:b:c", ':').after, "b:c");
  EXPECT_EQ(split("a", ':').before, "a");
  EXPECT_EQ(split("a", ':').after, std::nullopt);
  EXPECT_EQ(split("a:", ':').after, "");
}

TEST(Number, IsDecimalWithinItsRangeAndNothingElse) {
  EXPECT_EQ(number<std::uint8_t>("255"), 255);
  EXPECT_EQ(number<std::uint8_t>("007"), 7);
  for (const char* text : {"256", "-1", "+1", "", "1x", "0x1", " 1", "1 "}) {
    EXPECT_EQ(number<std::uint8_t>(text), std::nullopt) << text;
  }
  EXPECT_EQ(number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(number<std::uint64_t>("18446744073709551616"), std::nullopt);
}

TEST(Token, IsWhatRfc8866Says) {
  EXPECT_TRUE(is_token("audio"));
  EXPECT_TRUE(is_token("x-a_b!#$%&'*+.^`{|}~"));
  for (const char* text : {"", "a b", "a:b", "a/b", "a\"", "a@b", "a\x7f", "\xc3\xa4"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

}  // namespace
}  // namespace petrel::sdp
