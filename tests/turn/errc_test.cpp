#include "petrel/turn/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::turn {
namespace {

TEST(TurnErrc, HasAMessageOfItsOwnForEach) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::bad_proxy_answer); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_EQ(std::string(error.category().name()), "petrel.turn");
    EXPECT_NE(error.message(), "unknown TURN error");
    EXPECT_TRUE(messages.insert(error.message()).second) << error.message();
  }
  EXPECT_EQ(std::error_code(1000, std::error_code(Errc::refused).category()).message(), "unknown TURN error");
}

}  // namespace
}  // namespace petrel::inline v0::turn
