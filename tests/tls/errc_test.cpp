#include "petrel/tls/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::tls {
namespace {

TEST(TlsErrc, HasAMessageOfItsOwnForEveryError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::library_failure); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_EQ(error.category().name(), std::string("petrel.tls"));
    EXPECT_NE(error.message(), "unknown error");
    messages.insert(error.message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(Errc::library_failure));
  EXPECT_EQ(make_error_code(static_cast<Errc>(99)).message(), "unknown error");
}

}  // namespace
}  // namespace petrel::inline v0::tls
