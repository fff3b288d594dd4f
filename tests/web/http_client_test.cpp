#include "petrel/web/http_client.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "web/wire.hpp"

namespace petrel::inline v0::web {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

struct Bench {
  FlowNumbers numbers;
  HttpClient client{{}, numbers};
  Wire<HttpClient> wire{client};

  void start(CallId id, std::string_view url = "http://192.0.2.1/call") {
    client.start(wire.now, id, *http::parse_url(url), {.method = http::Method::post, .body = "{}"}, 5s);
    wire.take();
  }
  CallAnswered answered() {
    const auto event = client.poll_event();
    if (!event || !std::holds_alternative<CallAnswered>(*event)) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    return std::get<CallAnswered>(*event);
  }
  CallFailed failed() {
    const auto event = client.poll_event();
    if (!event || !std::holds_alternative<CallFailed>(*event)) {
      ADD_FAILURE() << "no failure";
      return {};
    }
    return std::get<CallFailed>(*event);
  }
};

TEST(HttpClient, AsksAndIsAnswered) {
  Bench bench;
  bench.start(7);
  bench.wire.open();
  EXPECT_EQ(bench.wire.sent[bench.wire.last_flow()],
            "POST /call HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Length: 2\r\n\r\n{}");

  bench.wire.give(ok);

  const CallAnswered answer = bench.answered();
  EXPECT_EQ(answer.id, 7U);
  EXPECT_EQ(answer.response.body, "{}");
}

TEST(HttpClient, UsesAConnectionAgainForTheSameServer) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.give(ok);
  bench.answered();

  bench.start(2);
  EXPECT_EQ(bench.wire.connections(), 1U);
  bench.wire.give(ok);
  EXPECT_EQ(bench.answered().id, 2U);

  bench.start(3, "http://192.0.2.2/");
  EXPECT_EQ(bench.wire.connections(), 2U);
}

TEST(HttpClient, AsksAgainWhereALeftOverConnectionWasClosed) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.give(ok);
  bench.answered();
  bench.start(2);

  bench.wire.change(FlowClosed{});
  EXPECT_EQ(bench.wire.connections(), 2U);
  bench.wire.open();
  bench.wire.give(ok);
  EXPECT_EQ(bench.answered().id, 2U);

  // Once only.
  bench.start(3);
  bench.wire.change(FlowClosed{});
  bench.wire.open();
  bench.wire.change(FlowClosed{});
  EXPECT_EQ(bench.failed().error, Errc::connection_closed);
}

TEST(HttpClient, ClosesIdleConnectionsInTime) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.give(ok);
  bench.answered();
  EXPECT_EQ(bench.client.next_timeout(), bench.wire.now + 20s);

  bench.wire.wait(20s);

  EXPECT_EQ(bench.wire.asked<CloseFlow>().size(), 1U);
  EXPECT_FALSE(bench.client.next_timeout());
}

TEST(HttpClient, AnAnswerThatClosesIsTheLastOne) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.give("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  bench.answered();
  bench.start(2);
  EXPECT_EQ(bench.wire.connections(), 2U);
}

TEST(HttpClient, GivesUpInTime) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.wait(5s);
  EXPECT_EQ(bench.failed().error, Errc::timed_out);
  bench.wire.take();
  EXPECT_EQ(bench.wire.asked<CloseFlow>().size(), 1U);
}

TEST(HttpClient, TellsNonsenseFromAnswers) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.wire.give("SSH-2.0-server\r\n");
  EXPECT_EQ(bench.failed().error, http::Errc::malformed_response);

  bench.start(2);
  bench.wire.change(FlowFailed{std::make_error_code(std::errc::connection_refused)});
  EXPECT_EQ(bench.failed().error, Errc::connect_failed);
}

TEST(HttpClient, ACancelledCallIsNeverHeardOfAgain) {
  Bench bench;
  bench.start(1);
  bench.wire.open();
  bench.client.cancel(bench.wire.now, 1);
  bench.wire.take();
  bench.wire.give(ok);
  EXPECT_FALSE(bench.client.poll_event());
  EXPECT_FALSE(bench.client.next_timeout());
}

TEST(HttpClient, BoundsTheCallsAtOnce) {
  Bench bench;
  for (CallId id = 0; id < HttpClient::max_calls; ++id) bench.start(id);
  EXPECT_FALSE(bench.client.poll_event());
  bench.start(99);
  EXPECT_EQ(bench.failed().error, petrel::Errc::limit_reached);
}

}  // namespace
}  // namespace petrel::inline v0::web
