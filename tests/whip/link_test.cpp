#include "petrel/whip/link.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace petrel::inline v0::whip {
namespace {

// As in the example of RFC 9725 4.6, with all that the grammar has.
constexpr std::string_view relay =
    R"(<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; )"
    R"(credential="my \"Pass\\word"; credential-type="password")";

Link only(std::string_view text) {
  const auto links = parse_links(text);
  EXPECT_TRUE(links) << text;
  EXPECT_EQ(links->size(), 1u) << text;
  return links->empty() ? Link{} : links->front();
}

TEST(Link, ReadsTargetAndParameters) {
  const Link link = only(relay);
  EXPECT_EQ(link.target, "turn:turn.example.net?transport=udp");
  EXPECT_TRUE(link.has_relation("ice-server"));
  EXPECT_EQ(link.get("username"), "user");
  EXPECT_EQ(link.get("credential"), R"(my "Pass\word)");
  EXPECT_EQ(link.get("title"), std::nullopt);
}

TEST(Link, ReadsSeveralOfOneField) {
  const auto links = parse_links(" <stun:a>;rel=ice-server ,, <b>; rel=\"next ICE-Server\";; x , <c,d;e>");
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 3u);
  EXPECT_TRUE((*links)[0].has_relation("ice-server"));
  EXPECT_TRUE((*links)[1].has_relation("ice-server"));
  EXPECT_TRUE((*links)[1].has_relation("next"));
  EXPECT_FALSE((*links)[1].has_relation("ice"));
  EXPECT_EQ((*links)[1].get("x"), "");
  EXPECT_EQ((*links)[2].target, "c,d;e");
  EXPECT_TRUE(parse_links("")->empty());
  EXPECT_TRUE(parse_links(" , ")->empty());
}

TEST(Link, TakesNamesInAnyCaseAndTheFirstOfTwo) {
  const Link link = only("<a> ; REL = one; rel=two");
  EXPECT_EQ(link.get("rel"), "one");
}

TEST(Link, TakesAValueWithoutQuotesThatIsNoToken) {
  EXPECT_EQ(only("<a>; credential=ab/c+d==").get("credential"), "ab/c+d==");
}

TEST(Link, RefusesWhatBreaksTheGrammar) {
  for (const std::string_view text :
       {"a", "<a", "<a b>", "<a<b>", "<a> b", "<a>; =b", "<a>; b=", "<a>; b=\"c", "<a>; b=\"c\\",
        "<a>; b=\"c\"d", "<a>; b=c\"", "<a>;b=;c", "<a>; \x01=b"}) {
    EXPECT_EQ(parse_links(text).error(), Errc::malformed_link) << text;
  }
  EXPECT_EQ(parse_links(std::string("<a>; b=\"\0\"", 10)).error(), Errc::malformed_link);
}

TEST(Link, HoldsItsLimits) {
  const auto repeat = [](std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
  };
  EXPECT_TRUE(parse_links(repeat("<a>,", max_links)));
  EXPECT_EQ(parse_links(repeat("<a>,", max_links + 1)).error(), Errc::too_many_links);
  EXPECT_TRUE(parse_links("<a>" + repeat(";b=c", max_link_parameters)));
  EXPECT_EQ(parse_links("<a>" + repeat(";b=c", max_link_parameters + 1)).error(), Errc::malformed_link);
}

TEST(Link, CutAnywhereIsABeginningOrAnError) {
  const std::string text = std::string(relay) + ", <stun:b>; rel=ice-server";
  const auto whole = parse_links(text);
  ASSERT_TRUE(whole);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto cut = parse_links(std::string_view(text).substr(0, size));
    if (!cut) {
      EXPECT_EQ(cut.error(), Errc::malformed_link) << size;
      continue;
    }
    ASSERT_LE(cut->size(), whole->size()) << size;
    for (std::size_t i = 0; i < cut->size(); ++i) {
      EXPECT_EQ((*cut)[i].target, (*whole)[i].target) << size;
      EXPECT_LE((*cut)[i].parameters.size(), (*whole)[i].parameters.size()) << size;
    }
  }
}

TEST(Link, ReadsBackWhatItWrites) {
  const Link link = only(relay);
  EXPECT_EQ(only(write(link)), link);
  EXPECT_EQ(only(write({"a", {{"b", "c\nd"}}})).get("b"), "cd");
}

TEST(IceServers, ComeFromAllLinkFields) {
  const http::Headers headers{{"Link", std::string(relay)},
                              {"link", "<stun:a>; rel=ice-server, <https://b>; rel=next"},
                              {"Link", "broken"},
                              {"Link", "<turn:c>; rel=ice-server; credential-type=oauth"}};
  const auto servers = ice_servers_of(headers);
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].url, "turn:turn.example.net?transport=udp");
  EXPECT_EQ(servers[0].username, "user");
  EXPECT_EQ(servers[0].credential.reveal(), R"(my "Pass\word)");
  EXPECT_EQ(servers[1].url, "stun:a");
  EXPECT_TRUE(servers[1].username.empty());
}

TEST(IceServers, AreWrittenAsTheyAreRead) {
  const std::vector<IceServer> servers{{"stun:a"}, {"turn:b", "u", "p\"w"}};
  http::Headers headers;
  for (const IceServer& server : servers) headers.add("Link", to_link(server));
  EXPECT_EQ(ice_servers_of(headers), servers);
}

}  // namespace
}  // namespace petrel::inline v0::whip
