#include "petrel/turn_server/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::turn_server {
namespace {

TEST(TurnServerErrc, SaysSomethingOfItsOwnForEachError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::bad_alternate); ++value) {
    const std::error_code error = make_error_code(static_cast<Errc>(value));
    EXPECT_NE(error.message(), "unknown TURN server error") << value;
    messages.insert(error.message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(Errc::bad_alternate));
  EXPECT_EQ(make_error_code(static_cast<Errc>(999)).message(), "unknown TURN server error");
}

TEST(TurnServerErrc, ComparesToItsEnum) {
  const std::error_code error = Errc::bad_realm;
  EXPECT_EQ(error, Errc::bad_realm);
  EXPECT_STREQ(error.category().name(), "petrel.turn_server");
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
