#include "petrel/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0 {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Errc::invalid_argument;
  return value / 2;
}

Result<void> open(bool allowed) {
  if (!allowed) return Errc::wrong_state;
  return {};
}

TEST(Result, IsTrueWithAValue) {
  const auto result = half(4);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(*result, 2);
  EXPECT_EQ(result.value(), 2);
}

TEST(Result, IsFalseWithAnError) {
  const auto result = half(3);
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), Errc::invalid_argument);
}

TEST(Result, ValueThrowsItsError) {
  try {
    static_cast<void>(half(3).value());
    FAIL() << "did not throw";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), Errc::invalid_argument);
  }
  const auto result = half(3);
  EXPECT_THROW(static_cast<void>(result.value()), std::system_error);
}

TEST(Result, AskingForWhatIsNotThereIsABugOfOurs) {
  const auto good = half(4);
  const auto bad = half(3);
  EXPECT_DEATH(static_cast<void>(good.error()), "broken invariant");
  EXPECT_DEATH(static_cast<void>(*bad), "broken invariant");
  EXPECT_DEATH(static_cast<void>(Result<int>(std::error_code{})), "broken invariant");
}

TEST(Result, HoldsAndGivesUpMoveOnlyValues) {
  Result<std::unique_ptr<std::string>> result(std::make_unique<std::string>("petrel"));
  EXPECT_EQ((*result)->size(), 6U);
  const auto taken = std::move(result).value();
  EXPECT_EQ(*taken, "petrel");
}

TEST(Result, ReachesIntoItsValue) {
  Result<std::string> result(std::string("ab"));
  EXPECT_EQ(result->size(), 2U);
  result->push_back('c');
  EXPECT_EQ(*result, "abc");
}

TEST(Result, OfNothingIsTrueOnSuccess) {
  EXPECT_TRUE(open(true));
  open(true).value();
  const auto refused = open(false);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), Errc::wrong_state);
  EXPECT_THROW(refused.value(), std::system_error);
  EXPECT_DEATH(static_cast<void>(open(true).error()), "broken invariant");
}

}  // namespace
}  // namespace petrel::inline v0
