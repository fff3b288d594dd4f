#include "petrel/net/endpoint.hpp"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace petrel::inline v0 {
namespace {

// The canonical text of what `text` was read as; "-" when it was refused.
std::string address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  return parsed ? parsed->to_string() : "-";
}

std::string endpoint(std::string_view text) {
  const auto parsed = Endpoint::parse(text);
  return parsed ? parsed->to_string() : "-";
}

TEST(IpAddress, ReadsDottedQuads) {
  EXPECT_EQ(address("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address("255.255.255.255"), "255.255.255.255");
  EXPECT_TRUE(IpAddress::parse("192.0.2.1")->is_v4());
  EXPECT_EQ(IpAddress::parse("192.0.2.1"), IpAddress::v4(192, 0, 2, 1));
}

// RFC 5952: lower case, no leading zeros, the longest run of zeros shortened.
TEST(IpAddress, WritesIpv6Canonically) {
  EXPECT_EQ(address("::"), "::");
  EXPECT_EQ(address("::1"), "::1");
  EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(address("2001:0db8:0001:0000:0000:0000:0000:0001"), "2001:db8:1::1");
  EXPECT_EQ(address("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(address("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
  EXPECT_EQ(address("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  EXPECT_EQ(address("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
}

TEST(IpAddress, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "256.0.0.1",
                                      "1.2.3.-4",
                                      "01.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1.2.3.4/24",
                                      "0x7f.0.0.1",
                                      "127.1",
                                      "localhost",
                                      "a.b.c.d",
                                      "example.org",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "2001:db8",
                                      "g::1",
                                      "12345::1",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "[::1]",
                                      "fe80::1%eth0",
                                      "fe80::1%1",
                                      "::1.2.3",
                                      "::ffff:256.0.0.1",
                                      "d1f0c0de-0000-4000-8000-000000000000.local"}) {
    EXPECT_EQ(address(text), "-") << '"' << text << '"';
  }
  EXPECT_EQ(address(std::string_view("1.2.3.4\0", 8)), "-");
  EXPECT_EQ(address(std::string_view("::1\0::2", 7)), "-");
  EXPECT_EQ(address(std::string(1000, '1')), "-");
  EXPECT_EQ(address(std::string(45, '1')), "-");
  EXPECT_EQ(address(std::string(46, '1')), "-");
}

TEST(IpAddress, EveryTruncationIsRefusedOrAnotherAddress) {
  const std::string text = "2001:db8:1234:5678:9abc:def0:1234:5678";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(address(text.substr(0, size)), text) << size;
  }
  EXPECT_EQ(address(text), text);
}

struct Kinds {
  const char* text;
  bool unspecified, loopback, link_local, is_private, multicast, v4_mapped;
};

TEST(IpAddress, KnowsItsKind) {
  const Kinds cases[] = {
      {"0.0.0.0", true, false, false, false, false, false},
      {"0.0.0.1", false, false, false, false, false, false},
      {"126.255.255.255", false, false, false, false, false, false},
      {"127.0.0.1", false, true, false, false, false, false},
      {"127.255.255.255", false, true, false, false, false, false},
      {"128.0.0.0", false, false, false, false, false, false},
      {"169.253.255.255", false, false, false, false, false, false},
      {"169.254.0.1", false, false, true, false, false, false},
      {"169.255.0.0", false, false, false, false, false, false},
      {"10.0.0.1", false, false, false, true, false, false},
      {"11.0.0.0", false, false, false, false, false, false},
      {"172.15.255.255", false, false, false, false, false, false},
      {"172.16.0.0", false, false, false, true, false, false},
      {"172.31.255.255", false, false, false, true, false, false},
      {"172.32.0.0", false, false, false, false, false, false},
      {"192.168.1.1", false, false, false, true, false, false},
      {"192.169.0.0", false, false, false, false, false, false},
      {"100.63.255.255", false, false, false, false, false, false},
      {"100.64.0.0", false, false, false, true, false, false},
      {"100.127.255.255", false, false, false, true, false, false},
      {"100.128.0.0", false, false, false, false, false, false},
      {"223.255.255.255", false, false, false, false, false, false},
      {"224.0.0.251", false, false, false, false, true, false},
      {"239.255.255.255", false, false, false, false, true, false},
      {"240.0.0.0", false, false, false, false, false, false},
      {"::", true, false, false, false, false, false},
      {"::1", false, true, false, false, false, false},
      {"::2", false, false, false, false, false, false},
      {"1::1", false, false, false, false, false, false},
      {"fe7f::1", false, false, false, false, false, false},
      {"fe80::1", false, false, true, false, false, false},
      {"febf::1", false, false, true, false, false, false},
      {"fec0::1", false, false, false, false, false, false},
      {"fbff::1", false, false, false, false, false, false},
      {"fc00::1", false, false, false, true, false, false},
      {"fdff::1", false, false, false, true, false, false},
      {"ff02::fb", false, false, false, false, true, false},
      {"::ffff:127.0.0.1", false, false, false, false, false, true},
      {"::fffe:127.0.0.1", false, false, false, false, false, false},
      {"1::ffff:127.0.0.1", false, false, false, false, false, false},
      {"2001:db8::1", false, false, false, false, false, false},
  };
  for (const Kinds& expected : cases) {
    const IpAddress ip = *IpAddress::parse(expected.text);
    EXPECT_EQ(ip.is_unspecified(), expected.unspecified) << expected.text;
    EXPECT_EQ(ip.is_loopback(), expected.loopback) << expected.text;
    EXPECT_EQ(ip.is_link_local(), expected.link_local) << expected.text;
    EXPECT_EQ(ip.is_private(), expected.is_private) << expected.text;
    EXPECT_EQ(ip.is_multicast(), expected.multicast) << expected.text;
    EXPECT_EQ(ip.is_v4_mapped(), expected.v4_mapped) << expected.text;
  }
}

TEST(IpAddress, TheScopeTellsLinkLocalAddressesApart) {
  const auto octets = IpAddress::parse("fe80::1")->octets();
  EXPECT_NE(IpAddress::v6(octets, 1), IpAddress::v6(octets, 2));
  EXPECT_EQ(IpAddress::v6(octets, 2).scope_id(), 2U);
  EXPECT_EQ(IpAddress::v6(octets, 2).to_string(), "fe80::1");
}

TEST(IpAddress, FamiliesAreNeverEqual) {
  EXPECT_NE(IpAddress(), *IpAddress::parse("::"));
  EXPECT_EQ(IpAddress().size(), 4U);
  EXPECT_EQ(IpAddress::parse("::")->size(), 16U);
}

TEST(Endpoint, ReadsAndWritesBothFamilies) {
  for (const std::string_view text :
       {"192.0.2.1:80", "0.0.0.0:0", "192.0.2.1:65535", "[2001:db8::1]:443", "[::]:1"}) {
    EXPECT_EQ(endpoint(text), text);
  }
  EXPECT_EQ(endpoint("[2001:DB8:0::1]:00443"), "[2001:db8::1]:443");
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      ":",
                                      ":80",
                                      "192.0.2.1",
                                      "192.0.2.1:",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:-1",
                                      "192.0.2.1:+1",
                                      "192.0.2.1: 1",
                                      "192.0.2.1:1 ",
                                      "192.0.2.1:0x10",
                                      "192.0.2.1:99999999999999999999",
                                      "192.0.2.1:80:80",
                                      "[192.0.2.1]:80",
                                      "2001:db8::1:80",
                                      "2001:db8::1",
                                      "[2001:db8::1]",
                                      "[2001:db8::1]:",
                                      "[2001:db8::1:80",
                                      "2001:db8::1]:80",
                                      "[]:80",
                                      "[[::1]]:80",
                                      "[::1] :80",
                                      "localhost:80",
                                      "example.org:80",
                                      "[fe80::1%eth0]:80"}) {
    EXPECT_EQ(endpoint(text), "-") << '"' << text << '"';
  }
}

TEST(Endpoint, OrdersAndHashesByAddressAndPort) {
  const Endpoint a = Endpoint::v4(192, 0, 2, 1, 80);
  const Endpoint b = Endpoint::v4(192, 0, 2, 1, 81);
  const Endpoint c = Endpoint::v4(192, 0, 2, 2, 80);
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_EQ(std::hash<Endpoint>{}(a), std::hash<Endpoint>{}(Endpoint::v4(192, 0, 2, 1, 80)));
  const std::unordered_set<Endpoint> set{a, b, c, a};
  EXPECT_EQ(set.size(), 3U);
}

}  // namespace
}  // namespace petrel::inline v0
