#include "petrel/datachannel/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::datachannel {
namespace {

TEST(DataChannelErrc, HasAMessageOfItsOwnForEach) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::reset_unanswered); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_EQ(std::string(error.category().name()), "petrel.datachannel");
    EXPECT_NE(error.message(), "unknown data channel error");
    EXPECT_TRUE(messages.insert(error.message()).second) << error.message();
  }
  EXPECT_EQ(std::error_code(1000, std::error_code(Errc::no_stream).category()).message(),
            "unknown data channel error");
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
