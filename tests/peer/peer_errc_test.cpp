#include "petrel/peer/peer_errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0 {
namespace {

TEST(PeerErrc, SaysSomethingElseForEachError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(PeerErrc::unexpected_ice_restart); ++value) {
    const std::error_code error = static_cast<PeerErrc>(value);
    EXPECT_STREQ(error.category().name(), "petrel.peer");
    EXPECT_NE(error.message(), "unknown error");
    messages.insert(error.message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(PeerErrc::unexpected_ice_restart));
}

}  // namespace
}  // namespace petrel::inline v0
