#include "petrel/peer/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::jsep {
namespace {

TEST(JsepErrc, SaysSomethingDifferentForEachError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::second_data_section); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_STREQ(error.category().name(), "petrel.jsep");
    EXPECT_NE(error.message(), "unknown error") << value;
    EXPECT_TRUE(messages.insert(error.message()).second) << value;
  }
}

}  // namespace
}  // namespace petrel::jsep
