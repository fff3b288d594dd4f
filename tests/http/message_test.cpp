#include "petrel/http/message.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace petrel::inline v0::http
