#include "petrel/web/websocket_client.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "petrel/http/request_parser.hpp"
#include "petrel/web/websocket_handshake.hpp"
#include "support/seeded_random.hpp"
#include "web/wire.hpp"

namespace petrel::inline v0::web {
namespace {

using namespace std::chrono_literals;

struct Bench {
  testing::SeededRandom random{1};
  FlowNumbers numbers;
  WebSocketClient client{TimePoint{}, *http::parse_url("ws://192.0.2.1:8080/?q=1"), {}, random, numbers};
  Wire<WebSocketClient> wire{client};
  WebSocket server{WebSocketRole::server, random, 1000};
  std::size_t read = 0;

  std::string unread() {
    std::string& all = wire.sent[wire.last_flow()];
    return all.substr(std::exchange(read, all.size()));
  }
  void shake_hands(std::string_view behind = {}) {
    wire.open();
    http::RequestParser parser;
    const std::string sent = unread();
    parser.feed(as_bytes(sent));
    const auto request = parser.take();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->query, "q=1");
    wire.give(http::write(answer_websocket(*request), {}) + std::string(behind));
  }
  void answer() {
    const std::string sent = unread();
    server.handle_bytes(as_bytes(sent));
    while (const auto bytes = server.poll_bytes()) wire.give(*bytes);
  }
  template <class Event>
  Event next() {
    auto event = client.poll_event();
    if (!event || !std::holds_alternative<Event>(*event)) {
      ADD_FAILURE() << "another event, or none";
      return {};
    }
    return std::get<Event>(*std::move(event));
  }
};

TEST(WebSocketClient, OpensAndTalks) {
  Bench bench;
  EXPECT_EQ(bench.client.send_text(bench.wire.now, "x").error(), petrel::Errc::wrong_state);
  bench.shake_hands("\x81\x02hi");
  bench.next<WebSocketOpened>();
  EXPECT_EQ(bench.next<WebSocketText>().text, "hi");

  ASSERT_TRUE(bench.client.send_text(bench.wire.now, "hello"));
  ASSERT_TRUE(bench.client.send_ping(bench.wire.now));
  bench.wire.take();
  bench.answer();
  EXPECT_EQ(std::get<WebSocketText>(*bench.server.poll_event()).text, "hello");
  bench.next<WebSocketPong>();
}

TEST(WebSocketClient, GivesTheAnswerThatRefusesIt) {
  Bench bench;
  bench.wire.open();
  bench.wire.give("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nwhy\r\n");
  const auto refused = bench.next<WebSocketRefused>();
  EXPECT_EQ(refused.response.status, http::Status::forbidden);
  EXPECT_EQ(refused.response.body, "why\r\n");
  EXPECT_TRUE(bench.client.finished());
}

TEST(WebSocketClient, TellsAnImpostor) {
  Bench bench;
  bench.wire.open();
  bench.wire.give(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: x\r\n\r\n");
  EXPECT_EQ(bench.next<WebSocketBroken>().error, Errc::bad_upgrade);
}

TEST(WebSocketClient, IsTimedFromTheStart) {
  Bench bench;
  bench.wire.open();
  bench.wire.wait(15s);
  EXPECT_EQ(bench.next<WebSocketBroken>().error, Errc::timed_out);
  EXPECT_FALSE(bench.client.next_timeout());
}

TEST(WebSocketClient, ClosesInOrder) {
  Bench bench;
  bench.shake_hands();
  bench.next<WebSocketOpened>();
  bench.client.close(bench.wire.now);
  bench.wire.take();
  bench.answer();
  EXPECT_EQ(bench.next<WebSocketClosed>().code, close_normal);
  bench.wire.take();
  EXPECT_TRUE(bench.client.finished());
  EXPECT_EQ(bench.wire.asked<CloseFlow>().size(), 1U);
}

TEST(WebSocketClient, WaitsForTheGoodbyeOnlySoLong) {
  Bench bench;
  bench.shake_hands();
  bench.next<WebSocketOpened>();
  bench.client.close(bench.wire.now);
  bench.wire.wait(5s);
  EXPECT_EQ(bench.next<WebSocketBroken>().error, Errc::timed_out);
}

TEST(WebSocketClient, NoticesAnEndWithoutAWord) {
  Bench bench;
  bench.shake_hands();
  bench.next<WebSocketOpened>();
  bench.wire.change(FlowClosed{});
  EXPECT_EQ(bench.next<WebSocketBroken>().error, Errc::connection_closed);
}

}  // namespace
}  // namespace petrel::inline v0::web
