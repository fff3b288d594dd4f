#include "petrel/net/ip_prefix.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0 {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(IpPrefix, ContainsWhatBeginsLikeIt) {
  const IpPrefix prefix = IpPrefix::parse("172.16.0.0/12").value();
  EXPECT_TRUE(prefix.contains(ip("172.16.0.0")));
  EXPECT_TRUE(prefix.contains(ip("172.31.255.255")));
  EXPECT_FALSE(prefix.contains(ip("172.15.255.255")));
  EXPECT_FALSE(prefix.contains(ip("172.32.0.0")));
  EXPECT_EQ(prefix.to_string(), "172.16.0.0/12");
}

TEST(IpPrefix, OfZeroBitsContainsItsWholeFamilyOnly) {
  EXPECT_TRUE(IpPrefix::parse("0.0.0.0/0")->contains(ip("8.8.8.8")));
  EXPECT_FALSE(IpPrefix::parse("0.0.0.0/0")->contains(ip("::1")));
  EXPECT_TRUE(IpPrefix::parse("::/0")->contains(ip("2001:db8::1")));
}

TEST(IpPrefix, OfAnAddressAloneIsThatAddress) {
  EXPECT_EQ(IpPrefix::parse("192.0.2.1")->bits, 32u);
  EXPECT_EQ(IpPrefix::parse("2001:db8::1")->bits, 128u);
  EXPECT_FALSE(IpPrefix::parse("2001:db8::1")->contains(ip("2001:db8::2")));
}

TEST(IpPrefix, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8x",
                           "10.0.0/8", "localhost/8", "10.0.0.0/8/8", " 10.0.0.0/8"}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

TEST(AddressFilter, AdmitsAllUntilToldOtherwise) {
  EXPECT_TRUE(AddressFilter{}.admits(ip("192.0.2.1")));
  EXPECT_TRUE(AddressFilter{}.admits(ip("2001:db8::1")));
}

TEST(AddressFilter, ExceptIsStrongerThanOnly) {
  const AddressFilter filter{.only = {IpPrefix::parse("10.0.0.0/8").value()},
                             .except = {IpPrefix::parse("10.1.0.0/16").value()}};
  EXPECT_TRUE(filter.admits(ip("10.2.0.1")));
  EXPECT_FALSE(filter.admits(ip("10.1.0.1")));
  EXPECT_FALSE(filter.admits(ip("192.0.2.1")));
  EXPECT_FALSE(filter.admits(ip("2001:db8::1"))) << "the other family is in no block of this one";
}

}  // namespace
}  // namespace petrel::inline v0
