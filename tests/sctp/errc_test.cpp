#include "petrel/sctp/errc.hpp"

#include <gtest/gtest.h>

#include <set>

namespace petrel::inline v0::sctp {
namespace {

TEST(Errc, HasAMessageOfItsOwnForEveryCode) {
  std::set<std::string> messages;
  for (int code = 1; code <= static_cast<int>(Errc::bad_init); ++code) {
    const std::error_code error = static_cast<Errc>(code);
    EXPECT_STREQ(error.category().name(), "petrel.sctp");
    EXPECT_TRUE(messages.insert(error.message()).second) << error.message();
  }
  EXPECT_FALSE(messages.contains("unknown error"));
}

}  // namespace
}  // namespace petrel::inline v0::sctp
