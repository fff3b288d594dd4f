#include "petrel/rtp/errc.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

TEST(RtpErrc, HasAMessageForEachError) {
  for (int value = 1; value <= static_cast<int>(Errc::queue_full); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_STREQ(error.category().name(), "petrel.rtp");
    EXPECT_NE(error.message(), "unknown error") << value;
  }
  EXPECT_EQ(std::error_code(static_cast<Errc>(999)).message(), "unknown error");
}

}  // namespace
}  // namespace petrel::inline v0::rtp
