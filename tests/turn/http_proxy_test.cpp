#include "petrel/turn/http_proxy.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn {
namespace {

HttpProxy proxy(std::string_view url) {
  const auto parsed = parse_http_proxy(url);
  if (!parsed) ADD_FAILURE() << url;
  return parsed ? *parsed : HttpProxy{};
}

TEST(HttpProxy, IsReadFromItsUrl) {
  EXPECT_EQ(proxy("http://proxy"), (HttpProxy{.host = "proxy", .port = 80}));
  EXPECT_EQ(proxy("HTTP://proxy.example.org:3128/"), (HttpProxy{.host = "proxy.example.org", .port = 3128}));
  EXPECT_EQ(proxy("http://10.0.0.1:8080"), (HttpProxy{.host = "10.0.0.1", .port = 8080}));
  EXPECT_EQ(proxy("http://[2001:db8::1]:3128"), (HttpProxy{.host = "2001:db8::1", .port = 3128}));
  EXPECT_EQ(proxy("http://ada:love@proxy:3128"),
            (HttpProxy{.host = "proxy", .port = 3128, .username = "ada", .password = "love"}));
  EXPECT_EQ(proxy("http://ada@proxy"), (HttpProxy{.host = "proxy", .username = "ada"}));
}

TEST(HttpProxy, DecodesCredentials) {
  const HttpProxy decoded = proxy("http://ad%40a:p%3Aw%2f%25@proxy");
  EXPECT_EQ(decoded.username, "ad@a");
  EXPECT_EQ(decoded.password, "p:w/%");
  EXPECT_EQ(proxy("http://ada:a@b@proxy").password, "a@b") << "forgiven: the last @ counts";
}

TEST(HttpProxy, IsRefusedWhenItCannotBeMeant) {
  for (const char* url : {"",
                          "proxy",
                          "proxy:3128",
                          "https://proxy",
                          "socks5://proxy",
                          "http://",
                          "http:///",
                          "http://:3128",
                          "http://proxy:",
                          "http://proxy:0",
                          "http://proxy:65536",
                          "http://proxy:x",
                          "http://proxy:80x",
                          "http://proxy/path",
                          "http://proxy?x",
                          "http://[::1",
                          "http://[10.0.0.1]",
                          "http://[::1]80",
                          "http://pro xy",
                          "http://@proxy",
                          "http://:secret@proxy",
                          "http://a%@proxy",
                          "http://a%4@proxy",
                          "http://a%zz@proxy",
                          "http://a%0d%0ab@proxy",
                          "http://a%3ab:c@proxy"}) {
    const auto parsed = parse_http_proxy(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error(), Errc::bad_proxy_url) << url;
  }
  EXPECT_FALSE(parse_http_proxy("http://" + std::string(256, 'a')));
  EXPECT_TRUE(parse_http_proxy("http://" + std::string(255, 'a')));
  EXPECT_FALSE(parse_http_proxy("http://" + std::string(256, 'a') + "@proxy"));
}

TEST(HttpProxy, HidesItsPasswordInText) {
  EXPECT_EQ(to_string(proxy("http://ada:love@proxy:3128")), "http://proxy:3128");
  EXPECT_EQ(to_string(proxy("http://[::1]")), "http://[::1]:80");
}

}  // namespace
}  // namespace petrel::inline v0::turn
