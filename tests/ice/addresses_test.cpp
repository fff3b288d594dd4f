#include "ice/addresses.hpp"

#include <gtest/gtest.h>

#include <string>

namespace petrel::inline v0::ice {
namespace {

LocalAddress up(std::string_view address, std::string interface_name = "eth0") {
  return {IpAddress::parse(address).value(), std::move(interface_name)};
}

std::string choose(std::vector<LocalAddress> addresses, AddressPolicy policy = {}) {
  std::string text;
  for (const IpAddress& address : choose_addresses(addresses, policy)) text += address.to_string() + ' ';
  return text;
}

TEST(Addresses, TakeTurnsBetweenTheFamilies) {
  EXPECT_EQ(choose({up("192.0.2.1"), up("192.0.2.2"), up("2001:db8::1")}),
            "2001:db8::1 192.0.2.1 192.0.2.2 ");
  EXPECT_EQ(choose({up("192.0.2.1"), up("2001:db8::1")}, {.ipv6 = false}), "192.0.2.1 ");
}

TEST(Addresses, PreferTemporaryOnesOnTheirInterface) {
  LocalAddress temporary = up("2001:db8::aaaa");
  temporary.temporary = true;
  EXPECT_EQ(choose({up("2001:db8::1"), temporary, up("2001:db8:1::1", "wlan0")}),
            "2001:db8::aaaa 2001:db8:1::1 ");
  temporary.deprecated = true;
  EXPECT_EQ(choose({up("2001:db8::1"), temporary}), "2001:db8::1 ");
}

TEST(Addresses, LeaveOutWhatCannotBeACandidate) {
  LocalAddress deprecated = up("2001:db8::1");
  deprecated.deprecated = true;
  EXPECT_EQ(choose({deprecated, up("0.0.0.0"), up("224.0.0.1"), up("::ffff:192.0.2.1"), up("::")}), "");
}

TEST(Addresses, AreLinkLocalOnlyWhereNothingElseIsThere) {
  EXPECT_EQ(choose({up("fe80::1"), up("2001:db8::1")}), "2001:db8::1 ");
  EXPECT_EQ(choose({up("fe80::1"), up("192.0.2.1")}), "fe80::1 192.0.2.1 ");
  EXPECT_EQ(choose({up("169.254.1.1")}), "169.254.1.1 ");
}

TEST(Addresses, OfTheLoopbackComeLastAndOnlyIfWanted) {
  const std::vector<LocalAddress> all{up("127.0.0.1", "lo"), up("::1", "lo"), up("192.0.2.1")};
  EXPECT_EQ(choose(all), "192.0.2.1 ");
  EXPECT_EQ(choose(all, {.loopback = true}), "192.0.2.1 127.0.0.1 ::1 ");
  EXPECT_EQ(choose(all, {.loopback = true, .ipv6 = false}), "192.0.2.1 127.0.0.1 ");
}

TEST(Addresses, AreSixteenAtMostAndEachOnce) {
  std::vector<LocalAddress> many{up("192.0.2.0"), up("192.0.2.0", "br0")};
  EXPECT_EQ(choose(many), "192.0.2.0 ");
  for (int i = 1; i < 100; ++i) many.push_back(up("192.0.2." + std::to_string(i)));
  EXPECT_EQ(choose_addresses(many, {}).size(), max_sockets);
}

}  // namespace
}  // namespace petrel::inline v0::ice
