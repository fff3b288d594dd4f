#include "petrel/ice/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::ice {
namespace {

TEST(IceErrc, SaysSomethingOfItsOwnForEachError) {
  std::set<std::string> messages;
  for (const Errc error :
       {Errc::malformed_candidate, Errc::unsupported_transport, Errc::unsupported_type, Errc::bad_credentials,
        Errc::unknown_stream, Errc::credentials_missing, Errc::credentials_changed}) {
    messages.insert(std::error_code(error).message());
  }
  EXPECT_EQ(messages.size(), 7u);
  EXPECT_FALSE(messages.contains("unknown error"));
  EXPECT_STREQ(std::error_code(Errc::bad_credentials).category().name(), "petrel.ice");
}

}  // namespace
}  // namespace petrel::inline v0::ice
