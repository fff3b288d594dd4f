#include "petrel/http/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace petrel::inline v0::http {
namespace {

struct Outcome {
  std::optional<Request> request;
  Status status = Status::ok;  // Of the rejection.
  std::size_t used = 0;
};

Outcome parse(std::string_view text, RequestLimits limits = {}) {
  RequestParser parser(limits);
  Outcome outcome;
  outcome.used = parser.feed(as_bytes(text));
  if (parser.rejection()) outcome.status = parser.rejection()->status;
  outcome.request = parser.take();
  return outcome;
}

Outcome parse_byte_by_byte(std::string_view text, RequestLimits limits = {}) {
  RequestParser parser(limits);
  Outcome outcome;
  for (const char c : text) outcome.used += parser.feed(as_bytes(std::string_view(&c, 1)));
  if (parser.rejection()) outcome.status = parser.rejection()->status;
  outcome.request = parser.take();
  return outcome;
}

void expect_same(const Outcome& a, const Outcome& b, std::string_view text) {
  EXPECT_EQ(a.used, b.used) << text;
  EXPECT_EQ(a.status, b.status) << text;
  ASSERT_EQ(a.request.has_value(), b.request.has_value()) << text;
  if (!a.request) return;
  EXPECT_EQ(a.request->path, b.request->path);
  EXPECT_EQ(a.request->body, b.request->body);
  EXPECT_EQ(a.request->headers.size(), b.request->headers.size());
}

constexpr std::string_view offer_request =
    "POST /whep?token=a%20b&x HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type:  Application/SDP ; x=y \r\n"
    "content-length: 5\r\n\r\nv=0\r\n";
constexpr std::string_view chunked_request =
    "PATCH /whep/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "3\r\nabc\r\n0a;name=value\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n";

TEST(RequestParser, ReadsARequestWithABody) {
  const auto outcome = parse(offer_request);

  ASSERT_TRUE(outcome.request);
  EXPECT_EQ(outcome.used, offer_request.size());
  EXPECT_EQ(outcome.request->method, Method::post);
  EXPECT_EQ(outcome.request->path, "/whep");
  EXPECT_EQ(outcome.request->query_value("token"), "a b");
  EXPECT_EQ(outcome.request->query_value("x"), "");
  EXPECT_EQ(outcome.request->host, "localhost:8080");
  EXPECT_EQ(outcome.request->media_type(), "application/sdp");
  EXPECT_EQ(outcome.request->body, "v=0\r\n");
  EXPECT_TRUE(outcome.request->keep_alive);
}

TEST(RequestParser, ReadsAChunkedBodyAndDropsItsTrailers) {
  const auto outcome = parse(chunked_request);

  ASSERT_TRUE(outcome.request);
  EXPECT_EQ(outcome.request->body, "abc0123456789");
  EXPECT_FALSE(outcome.request->headers.get("X-Trailer"));
  EXPECT_EQ(outcome.used, chunked_request.size());
}

TEST(RequestParser, LeavesAPipelinedRequestForTheNextRound) {
  const std::string two =
      std::string(offer_request) + "GET / HTTP/1.1\r\nHost: b\r\nConnection: x, Close\r\n\r\n";
  RequestParser parser;

  const std::size_t first = parser.feed(as_bytes(two));
  EXPECT_EQ(first, offer_request.size());
  EXPECT_EQ(parser.feed(as_bytes("GET")), 0u);
  ASSERT_TRUE(parser.take());
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.feed(as_bytes(two).subspan(first)), two.size() - first);

  const auto request = parser.take();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->host, "b");
  EXPECT_FALSE(request->keep_alive);
}

TEST(RequestParser, TakesTheHostFromAnAbsoluteTarget) {
  const auto outcome = parse("GET HTTP://real.example:81?q HTTP/1.1\r\nHost: other\r\n\r\n");

  ASSERT_TRUE(outcome.request);
  EXPECT_EQ(outcome.request->host, "real.example:81");
  EXPECT_EQ(outcome.request->path, "/");
  EXPECT_EQ(outcome.request->query, "q");
}

TEST(RequestParser, IgnoresOneEmptyLineBeforeARequest) {
  EXPECT_TRUE(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").request);
  EXPECT_EQ(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, Status::bad_request);
}

TEST(RequestParser, ClosesAfterAnHttp10Request) {
  const auto outcome = parse("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(outcome.request);
  EXPECT_FALSE(outcome.request->keep_alive);
  EXPECT_EQ(outcome.request->host, "");
}

TEST(RequestParser, SaysWhenTheClientWaitsForContinue) {
  RequestParser parser;
  parser.feed(as_bytes("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r"));
  EXPECT_FALSE(parser.wants_continue());
  parser.feed(as_bytes("\n"));
  EXPECT_TRUE(parser.wants_continue());
  parser.feed(as_bytes("x"));
  EXPECT_FALSE(parser.wants_continue());
  EXPECT_TRUE(parser.complete());
}

struct BadRequest {
  std::string_view text;
  Status status;
};

using namespace std::string_view_literals;

const std::vector<BadRequest> bad_requests{
    {"GET / HTTP/1.1\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", Status::bad_request},
    {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1\r\n\r\n", Status::bad_request},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / \r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET /\r\n\r\n", Status::bad_request},
    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/11\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET index HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET /#part HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", Status::bad_request},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", Status::version_not_supported},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Status::version_not_supported},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", Status::not_implemented},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", Status::not_implemented},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n", Status::content_too_large},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n", Status::content_too_large},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Status::not_implemented},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
     "chunked\r\n\r\n",
     Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
     Status::bad_request},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: gold\r\n\r\n", Status::expectation_failed},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 1\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n", Status::bad_request},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
     Status::content_too_large},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n",
     Status::bad_request},
};

TEST(RequestParser, RefusesWhatTwoParsersCouldReadDifferently) {
  for (const auto& [text, status] : bad_requests) {
    const auto outcome = parse(text);
    EXPECT_FALSE(outcome.request) << text;
    EXPECT_EQ(outcome.status, status) << text;
  }
}

TEST(RequestParser, GivesTheSameOutcomeByteByByte) {
  for (const auto& bad : bad_requests) {
    expect_same(parse(bad.text), parse_byte_by_byte(bad.text), bad.text);
  }
  for (const std::string_view good : {offer_request, chunked_request}) {
    expect_same(parse(good), parse_byte_by_byte(good), good);
  }
}

TEST(RequestParser, WaitsForMoreAtEveryTruncation) {
  for (const std::string_view good : {offer_request, chunked_request}) {
    for (std::size_t size = 0; size < good.size(); ++size) {
      RequestParser parser;
      EXPECT_EQ(parser.feed(as_bytes(good.substr(0, size))), size);
      EXPECT_FALSE(parser.complete()) << size;
      EXPECT_FALSE(parser.rejection()) << size;
      EXPECT_FALSE(parser.take());
      parser.feed(as_bytes(good.substr(size)));
      EXPECT_TRUE(parser.complete()) << size;
    }
  }
}

TEST(RequestParser, HoldsEachLimitToTheByte) {
  const RequestLimits limits{.request_line_bytes = 16, .header_bytes = 20, .headers = 2, .body_bytes = 4};
  const auto status_of = [&](std::string_view text) {
    const auto outcome = parse(text, limits);
    expect_same(outcome, parse_byte_by_byte(text, limits), text);
    return outcome.status;
  };
  EXPECT_EQ(status_of("GET /12 HTTP/1.1\r\nHost: a\r\n\r\n"), Status::ok);
  EXPECT_EQ(status_of("GET /123 HTTP/1.1\r\nHost: a\r\n\r\n"), Status::uri_too_long);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: 4567890123\r\n\r\n"), Status::ok);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: 45678901234\r\n\r\n"),
            Status::header_fields_too_large);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n"), Status::header_fields_too_large);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nHost:\r\nTE:\r\n\r\n"), Status::ok);
  const RequestLimits small_body{.body_bytes = 4};
  const std::string head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(parse(head + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", small_body).request->body, "abcd");
  EXPECT_EQ(parse(head + "2\r\nab\r\n3\r\n", small_body).status, Status::content_too_large);
}

}  // namespace
}  // namespace petrel::inline v0::http
