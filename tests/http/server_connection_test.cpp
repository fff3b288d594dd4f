#include "petrel/http/server_connection.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::http {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr std::string_view get_request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Response text(std::string body) { return {Status::ok, {}, std::move(body)}; }

TEST(ServerConnection, AnswersAndStaysOpen) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes(get_request));
  ASSERT_TRUE(connection.poll_request());
  EXPECT_FALSE(connection.poll_request());

  EXPECT_TRUE(connection.respond(start, text("one")));

  EXPECT_EQ(connection.poll_bytes(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
  EXPECT_FALSE(connection.poll_bytes());
  EXPECT_FALSE(connection.closed());
  EXPECT_EQ(connection.stats().requests, 1u);
}

TEST(ServerConnection, AnswersPipelinedRequestsInOrder) {
  ServerConnection connection(start);
  connection.handle_bytes(
      start, as_bytes("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /"));
  EXPECT_EQ(connection.poll_request()->path, "/1");
  EXPECT_FALSE(connection.poll_request());
  connection.handle_bytes(start, as_bytes("3 HTTP/1.1\r\nHost: a\r\n\r\n"));

  EXPECT_TRUE(connection.respond(start, text("")));
  EXPECT_EQ(connection.poll_request()->path, "/2");
  EXPECT_TRUE(connection.respond(start, text("")));
  EXPECT_EQ(connection.poll_request()->path, "/3");
}

TEST(ServerConnection, ClosesAfterTheAnswerWhenTheClientAsksForIt) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(connection.poll_request());
  EXPECT_TRUE(connection.respond(start, text("body")));

  EXPECT_EQ(connection.poll_bytes(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(connection.closed());
  EXPECT_EQ(connection.next_timeout(), std::nullopt);
}

TEST(ServerConnection, AnswersABadRequestItselfAndCloses) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes("GET / HTTP/1.1\n"));

  EXPECT_FALSE(connection.poll_request());
  EXPECT_TRUE(connection.poll_bytes()->starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(connection.closed());
  EXPECT_EQ(connection.stats().rejected, 1u);
  connection.handle_bytes(start, as_bytes(get_request));
  EXPECT_FALSE(connection.poll_request());
}

TEST(ServerConnection, RefusesAnAnswerNobodyWaitsFor) {
  ServerConnection connection(start);
  EXPECT_EQ(connection.respond(start, text("")).error(), petrel::Errc::wrong_state);
  connection.handle_bytes(start, as_bytes(get_request));
  EXPECT_EQ(connection.respond(start, text("")).error(), petrel::Errc::wrong_state);
  connection.handle_bytes(start, as_bytes("x"));
  connection.handle_end(start);
  ASSERT_TRUE(connection.poll_request());
  EXPECT_TRUE(connection.respond(start, text("")));
  EXPECT_EQ(connection.respond(start, text("")).error(), petrel::Errc::closed);
}

TEST(ServerConnection, AnswersARequestWhoseSenderHasClosedItsHalf) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes(get_request));
  connection.handle_end(start);
  EXPECT_FALSE(connection.closed());
  ASSERT_TRUE(connection.poll_request());
  EXPECT_TRUE(connection.respond(start, text("")));
  EXPECT_TRUE(connection.poll_bytes());
  EXPECT_TRUE(connection.closed());
}

TEST(ServerConnection, ClosesWhenTheClientLeavesInTheMiddle) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes("GET / HT"));
  connection.handle_end(start);
  EXPECT_TRUE(connection.closed());
  EXPECT_FALSE(connection.poll_bytes());
}

TEST(ServerConnection, SendsContinueOnce) {
  ServerConnection connection(start);
  connection.handle_bytes(
      start, as_bytes("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_EQ(connection.poll_bytes(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.handle_bytes(start, as_bytes("a"));
  EXPECT_FALSE(connection.poll_bytes());
  connection.handle_bytes(start, as_bytes("bc"));
  EXPECT_EQ(connection.poll_request()->body, "abc");
}

// Runs to just before `deadline`, then to it.
void expect_timeout_at(ServerConnection& connection, TimePoint deadline, std::optional<std::string> answer) {
  EXPECT_EQ(connection.next_timeout(), deadline);
  connection.handle_timeout(deadline - 1ns);
  EXPECT_FALSE(connection.closed());
  connection.handle_timeout(deadline);
  EXPECT_TRUE(connection.closed());
  EXPECT_EQ(connection.stats().timed_out, 1u);
  const auto bytes = connection.poll_bytes();
  ASSERT_EQ(bytes.has_value(), answer.has_value());
  if (!bytes) return;
  EXPECT_TRUE(bytes->starts_with(*answer)) << *bytes;
}

TEST(ServerConnection, ClosesAnIdleConnectionAfterSixtySeconds) {
  ServerConnection connection(start);
  expect_timeout_at(connection, start + 60s, std::nullopt);
}

TEST(ServerConnection, GivesAHeaderSectionTenSecondsHoweverManyBytesDrip) {
  ServerConnection connection(start);
  connection.handle_bytes(start + 5s, as_bytes("G"));
  connection.handle_bytes(start + 14s, as_bytes("ET / HTTP/1.1\r\nX"));
  expect_timeout_at(connection, start + 15s, "HTTP/1.1 408 ");
}

TEST(ServerConnection, GivesABodyThirtySeconds) {
  ServerConnection connection(start);
  connection.handle_bytes(start + 1s, as_bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"));
  connection.handle_bytes(start + 20s, as_bytes("12345678"));
  expect_timeout_at(connection, start + 31s, "HTTP/1.1 408 ");
}

TEST(ServerConnection, GivesTheApplicationAllTheTimeItNeeds) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes(get_request));
  EXPECT_EQ(connection.next_timeout(), std::nullopt);
  ASSERT_TRUE(connection.poll_request());
  connection.handle_timeout(start + 1h);
  EXPECT_FALSE(connection.closed());

  EXPECT_TRUE(connection.respond(start + 1h, text("")));
  EXPECT_EQ(connection.next_timeout(), start + 1h + 60s);
}

TEST(ServerConnection, CountsIdleTimeFromTheLastAnswer) {
  ServerConnection connection(start);
  connection.handle_bytes(start + 10s, as_bytes(get_request));
  connection.poll_request();
  EXPECT_TRUE(connection.respond(start + 11s, text("")));
  connection.poll_bytes();
  expect_timeout_at(connection, start + 71s, std::nullopt);
}

TEST(ServerConnection, TakesNoMoreThanItsShareOfPipelinedBytes) {
  ServerConnection connection(start);
  connection.handle_bytes(start, as_bytes(get_request));
  ASSERT_TRUE(connection.poll_request());
  const std::string flood(40 * 1024, 'x');
  connection.handle_bytes(start, as_bytes(flood));
  connection.handle_bytes(start, as_bytes(flood));
  EXPECT_TRUE(connection.respond(start, text("")));
  EXPECT_TRUE(connection.closed());
  EXPECT_NE(connection.poll_bytes()->find("Connection: close"), std::string::npos);
}

TEST(ServerConnection, ClampsATimeThatGoesBack) {
  ServerConnection connection(start + 50s);
  connection.handle_bytes(start, as_bytes("G"));
  EXPECT_EQ(connection.next_timeout(), start + 60s);
}

}  // namespace
}  // namespace petrel::inline v0::http
