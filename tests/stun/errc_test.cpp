#include "petrel/stun/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::stun {
namespace {

TEST(StunErrc, EveryErrorHasItsOwnMessage) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::change_refused); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_STREQ(error.category().name(), "petrel.stun");
    EXPECT_TRUE(messages.insert(error.message()).second) << error.message();
    EXPECT_NE(error.message(), "unknown STUN error") << value;
  }
  EXPECT_EQ(std::error_code(999, make_error_code(Errc::refused).category()).message(), "unknown STUN error");
}

}  // namespace
}  // namespace petrel::inline v0::stun
