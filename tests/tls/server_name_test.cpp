#include "tls/server_name.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::tls {
namespace {

TEST(ServerName, IsADnsNameOrAnAddress) {
  EXPECT_EQ(parse_server_name("turn.example.com")->dns, "turn.example.com");
  EXPECT_EQ(parse_server_name("Turn.EXAMPLE.com.")->dns, "turn.example.com");
  EXPECT_EQ(parse_server_name("localhost")->dns, "localhost");
  EXPECT_EQ(parse_server_name("xn--bcher-kva.example")->dns, "xn--bcher-kva.example");
  EXPECT_EQ(parse_server_name("a_b.example")->dns, "a_b.example");
  EXPECT_EQ(parse_server_name("192.0.2.1")->address, IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(parse_server_name("2001:db8::1")->address, IpAddress::parse("2001:db8::1"));
}

TEST(ServerName, IsNothingElse) {
  for (const std::string_view text :
       {"", ".", "..", "a..b", ".a", "-a.example", "a-.example", "192.0.2", "a.1", "*.example.com",
        "b\xc3\xbc"
        "cher.example",
        "a b", "https://example.com", "example.com:443", "[::1]"}) {
    EXPECT_FALSE(parse_server_name(text)) << text;
  }
  EXPECT_FALSE(parse_server_name(std::string_view("a\0b", 3)));
}

TEST(ServerName, HasLabelsOf63CharactersAnd253Together) {
  const std::string label(63, 'a');
  EXPECT_TRUE(parse_server_name(label));
  EXPECT_FALSE(parse_server_name(label + "a"));
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_TRUE(parse_server_name(longest));
  EXPECT_FALSE(parse_server_name(longest + "b"));
}

TEST(ServerName, MayHaveAWildcardInACertificateOnly) {
  EXPECT_EQ(parse_certificate_name("*.Example.com")->dns, "*.example.com");
  EXPECT_EQ(parse_certificate_name("example.com")->dns, "example.com");
  EXPECT_FALSE(parse_certificate_name("*"));
  EXPECT_FALSE(parse_certificate_name("*.192.0.2.1"));
  EXPECT_FALSE(parse_certificate_name("a.*.example.com"));
}

}  // namespace
}  // namespace petrel::inline v0::tls
