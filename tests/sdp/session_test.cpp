#include "petrel/sdp/session.hpp"

#include <gtest/gtest.h>

namespace petrel::sdp {
namespace {

const Attributes attributes{{"a", std::nullopt}, {"b", "1"}, {"b", "2"}, {"c", ""}};

TEST(Attributes, AreFoundByNameTheFirstFirst) {
  ASSERT_NE(find(attributes, "b"), nullptr);
  EXPECT_EQ(*find(attributes, "b"), (Attribute{"b", "1"}));
  EXPECT_EQ(find(attributes, "B"), nullptr);
  EXPECT_TRUE(has(attributes, "a"));
  EXPECT_FALSE(has(attributes, "d"));
}

TEST(Attributes, WithoutAValueReadAsEmpty) {
  EXPECT_EQ(value_of(attributes, "a"), "");
  EXPECT_EQ(value_of(attributes, "b"), "1");
  EXPECT_EQ(value_of(attributes, "c"), "");
  EXPECT_EQ(value_of(attributes, "d"), "");
}

}  // namespace
}  // namespace petrel::sdp
