#include "io/interfaces.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace petrel::inline v0::io {
namespace {

TEST(Interfaces, ListLoopbackOnlyWhereItIsAskedFor) {
  const auto is_loopback = [](const LocalAddress& each) { return each.address.is_loopback(); };
  EXPECT_TRUE(std::ranges::any_of(list_local_addresses(true), is_loopback));
  EXPECT_TRUE(std::ranges::none_of(list_local_addresses(false), is_loopback));
}

TEST(Interfaces, HaveNamesAndUsableAddresses) {
  for (const LocalAddress& each : list_local_addresses(true)) {
    EXPECT_FALSE(each.interface_name.empty());
    EXPECT_FALSE(each.address.is_unspecified());
    EXPECT_FALSE(each.address.is_multicast());
  }
}

}  // namespace
}  // namespace petrel::inline v0::io
