#include "petrel/srtp/errc.hpp"

#include <gtest/gtest.h>

#include <set>

namespace petrel::inline v0::srtp {
namespace {

TEST(SrtpErrc, SaysSomethingElseForEachError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::library_failure); ++value) {
    messages.insert(make_error_code(static_cast<Errc>(value)).message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(Errc::library_failure));
  EXPECT_FALSE(messages.contains("unknown error"));
  EXPECT_STREQ(make_error_code(Errc::malformed).category().name(), "petrel.srtp");
}

}  // namespace
}  // namespace petrel::inline v0::srtp
