#include "petrel/http/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace petrel::inline v0::http {
namespace {

TEST(Url, ReadsItsParts) {
  const auto url = parse_url("WSS://M-0123.KinesisVideo.us-west-2.amazonaws.com/a/b?x=1&y=%2F");

  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "wss");
  EXPECT_TRUE(url->secure());
  EXPECT_EQ(url->host, "m-0123.kinesisvideo.us-west-2.amazonaws.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(url->query, "x=1&y=%2F");
  EXPECT_EQ(url->authority(), "m-0123.kinesisvideo.us-west-2.amazonaws.com");
}

TEST(Url, FillsInPathAndPort) {
  EXPECT_EQ(*parse_url("http://a"), (Url{"http", "a", 80, "/", ""}));
  EXPECT_EQ(*parse_url("ws://a:8080"), (Url{"ws", "a", 8080, "/", ""}));
  EXPECT_EQ(*parse_url("https://a?q"), (Url{"https", "a", 443, "/", "q"}));
}

TEST(Url, KeepsBracketsOfIpv6OutOfTheHost) {
  const auto url = parse_url("http://[::1]:8443/x");

  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8443");
  EXPECT_EQ(to_string(*url), "http://[::1]:8443/x");
}

TEST(Url, IsWrittenAsItWasRead) {
  for (const std::string text :
       {"https://a.example/", "ws://127.0.0.1:9/p?q=1", "wss://a/b/c", "http://[fe80::1]/"}) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(to_string(*url), text);
  }
}

TEST(Url, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "a", "//a", "http://", "http:///x", "http://a b/", "http://a:0/", "http://a:65536/",
        "http://a:x/", "http://user@a/", "http://[::1", "http://[1.2.3.4]/", "http://[::1]x/",
        "http://a/#part", "http://a/\x01", "http://a%20b/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error(), Errc::malformed_url) << text;
  }
  EXPECT_EQ(parse_url("ftp://a/").error(), Errc::unsupported_scheme);
  EXPECT_EQ(parse_url("http://a/" + std::string(max_url_bytes, 'x')).error(), Errc::malformed_url);
}

TEST(Url, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode(":/+= !'()*\xc3\xa4"), "%3A%2F%2B%3D%20%21%27%28%29%2A%C3%A4");
}

TEST(Url, ReadsReferencesInTheLightOfAnother) {
  // RFC 3986 5.4, with its base; what has a fragment there loses it here.
  const Url base = parse_url("http://a/b/c/d;p?q").value();
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"https://h:8443/x/../y", "https://h:8443/y"},
  };
  for (const auto& [reference, wanted] : rows) {
    const auto url = resolve(base, reference);
    ASSERT_TRUE(url) << reference;
    EXPECT_EQ(to_string(*url), wanted) << reference;
  }
  EXPECT_EQ(resolve(base, "mailto:a@b").error(), Errc::malformed_url);
  EXPECT_EQ(resolve(base, "ftp://a/").error(), Errc::unsupported_scheme);
  EXPECT_EQ(resolve(base, "a b").error(), Errc::malformed_url);
  EXPECT_EQ(resolve(base, "//").error(), Errc::malformed_url);
  EXPECT_EQ(resolve(base, std::string(max_url_bytes + 1, 'a')).error(), Errc::malformed_url);
}

TEST(Url, AnOriginIsSchemeHostAndPort) {
  const Url base = parse_url("https://a/b").value();
  EXPECT_TRUE(same_origin(base, parse_url("https://A:443/c?d").value()));
  EXPECT_FALSE(same_origin(base, parse_url("http://a:443/b").value()));
  EXPECT_FALSE(same_origin(base, parse_url("https://a:444/b").value()));
  EXPECT_FALSE(same_origin(base, parse_url("https://a.example/b").value()));
}

}  // namespace
}  // namespace petrel::inline v0::http
