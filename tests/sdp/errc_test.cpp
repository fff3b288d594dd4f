#include "petrel/sdp/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::sdp {
namespace {

TEST(Errc, SaysSomethingDifferentForEachError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::malformed_attribute); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_STREQ(error.category().name(), "petrel.sdp");
    EXPECT_TRUE(messages.insert(error.message()).second) << value;
    EXPECT_NE(error.message(), "unknown error") << value;
  }
}

}  // namespace
}  // namespace petrel::sdp
