#include "petrel/http/message.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::http {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"ETag", "1"}, {"Accept", "a"}, {"accept", "b"}};

  EXPECT_EQ(headers.get("etag"), "1");
  EXPECT_EQ(headers.count("ACCEPT"), 2u);
  EXPECT_FALSE(headers.get("Host"));
  headers.set("ACCEPT", "c");
  EXPECT_EQ(headers.count("Accept"), 1u);
  EXPECT_EQ(headers.get("Accept"), "c");
}

TEST(Headers, FindAnElementInAnyFieldOfTheName) {
  const Headers headers{{"Connection", "upgrade,"}, {"connection", " Close\t, x"}};
  EXPECT_TRUE(headers.has_element("Connection", "close"));
  EXPECT_TRUE(headers.has_element("Connection", "x"));
  EXPECT_FALSE(headers.has_element("Connection", "clos"));
}

TEST(Request, DecodesQueryValues) {
  Request request;
  request.query = "a=1&b+c=%41%2b+x&broken=%4&also=%zz&empty&a=2";

  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("b c"), "A+ x");
  EXPECT_EQ(request.query_value("broken"), std::nullopt);
  EXPECT_EQ(request.query_value("also"), std::nullopt);
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("missing"), std::nullopt);
}

TEST(Method, HasOneSpelling) {
  for (const std::string_view name : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    const auto method = parse_method(name);
    ASSERT_TRUE(method) << name;
    EXPECT_EQ(to_string(*method), name);
  }
  EXPECT_FALSE(parse_method("get"));
  EXPECT_FALSE(parse_method("TRACE"));
}

TEST(Response, IsWrittenWithItsLengthAndTheFateOfTheConnection) {
  const Response response{Status::created, {{"Location", "/whep/1"}}, "v=0"};

  EXPECT_EQ(write(response, {.keep_alive = true}),
            "HTTP/1.1 201 Created\r\nLocation: /whep/1\r\nContent-Length: 3\r\n\r\nv=0");
  EXPECT_EQ(write(response, {.to_head = true}),
            "HTTP/1.1 201 Created\r\nLocation: /whep/1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(Response, HasNoLengthAndNoBodyWhenItIsEmptyByDefinition) {
  EXPECT_EQ(write({Status::no_content, {}, "ignored"}, {.keep_alive = true}),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(Response, CannotBeSplitByWhatIsPutIntoItsHeaders) {
  const Response response{
      Status::ok,
      {{"X", "a\r\nSet-Cookie: b"}, {"Y\r\n", "c"}, {"Content-Length", "9"}, {"Z: z", "d"}, {"Good", "e"}},
      {}};
  EXPECT_EQ(write(response, {.keep_alive = true}), "HTTP/1.1 200 OK\r\nGood: e\r\nContent-Length: 0\r\n\r\n");
}

TEST(Response, OfAProblemIsTextForPeople) {
  const Response response = problem(Status::not_found, "Nothing here.");
  EXPECT_EQ(response.body, "Nothing here.\n");
  EXPECT_EQ(response.headers.get("content-type"), "text/plain; charset=utf-8");
}

TEST(Message, WritesARequestThatItsParserReads) {
  Request request{
      .method = Method::post, .path = "/describeSignalingChannel", .query = "a=b", .host = "h:8080"};
  request.headers = {{"Content-Type", "application/json"}, {"Host", "other"}, {"Content-Length", "99"}};
  request.body = "{}";

  const auto text = write(request);

  ASSERT_TRUE(text);
  EXPECT_EQ(
      *text,
      "POST /describeSignalingChannel?a=b HTTP/1.1\r\nHost: h:8080\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}");
}

TEST(Message, NoRequestCanBeSplit) {
  EXPECT_EQ(write(Request{.path = "/a b", .host = "h"}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(write(Request{.path = "/a\r\nX: y", .host = "h"}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(write(Request{.path = "a", .host = "h"}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(write(Request{.path = "/", .host = ""}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(write(Request{.path = "/", .host = "h\r\n"}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(write(Request{.path = "/", .query = "\n", .host = "h"}).error(), petrel::Errc::invalid_argument);
  Request request{.path = "/", .host = "h"};
  request.headers = {{"A", "b\r\nC: d"}};
  request.keep_alive = false;
  EXPECT_EQ(*write(request), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
}

TEST(Message, AnUpgradeSaysSoInConnection) {
  const Response response{
      Status::switching_protocols, {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}, {}};
  EXPECT_EQ(write(response, {}),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

}  // namespace
}  // namespace petrel::inline v0::http
