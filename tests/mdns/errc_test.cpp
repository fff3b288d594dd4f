#include "petrel/mdns/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace petrel::inline v0::mdns {
namespace {

TEST(MdnsErrc, HasAMessageOfItsOwnForEveryError) {
  std::set<std::string> messages;
  for (int value = 1; value <= static_cast<int>(Errc::not_publishable); ++value) {
    const std::error_code error = static_cast<Errc>(value);
    EXPECT_EQ(error.category().name(), std::string("petrel.mdns"));
    EXPECT_NE(error.message(), "unknown error");
    messages.insert(error.message());
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(Errc::not_publishable));
  EXPECT_EQ(make_error_code(static_cast<Errc>(99)).message(), "unknown error");
}

}  // namespace
}  // namespace petrel::inline v0::mdns
