#include "petrel/base/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0 {
namespace {

TEST(Errc, EveryErrorHasItsOwnMessage) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::busy); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_TRUE(error);
    EXPECT_STREQ(error.category().name(), "petrel");
    EXPECT_NE(error.message(), "unknown error") << value;
    EXPECT_TRUE(messages.insert(error.message()).second) << error.message();
  }
}

TEST(Errc, AnUnknownNumberIsNamedAsSuch) {
  EXPECT_EQ(std::error_code(999, make_error_code(Errc::closed).category()).message(), "unknown error");
}

TEST(Errc, ComparesToItsCode) {
  const std::error_code error = Errc::too_long;
  EXPECT_EQ(error, Errc::too_long);
  EXPECT_NE(error, Errc::closed);
}

}  // namespace
}  // namespace petrel::inline v0
