#include "petrel/web/websocket.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "petrel/web/errc.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::web {
namespace {

using testing::hex;

struct Pair {
  testing::SeededRandom random{1};
  WebSocket client{WebSocketRole::client, random, 1000};
  WebSocket server{WebSocketRole::server, random, 1000};

  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      if (const auto bytes = client.poll_bytes()) {
        server.handle_bytes(as_bytes(*bytes));
        moved = true;
      }
      if (const auto bytes = server.poll_bytes()) {
        client.handle_bytes(as_bytes(*bytes));
        moved = true;
      }
    }
  }
};

template <class Event>
Event next(WebSocket& socket) {
  auto event = socket.poll_event();
  if (!event || !std::holds_alternative<Event>(*event)) {
    ADD_FAILURE() << "another event, or none";
    return {};
  }
  return std::get<Event>(*std::move(event));
}

TEST(WebSocket, CarriesTextBothWays) {
  Pair pair;
  ASSERT_TRUE(pair.client.send_text("hello"));
  ASSERT_TRUE(pair.server.send_text(std::string(300, 'x')));
  pair.run();
  EXPECT_EQ(next<WebSocketText>(pair.server).text, "hello");
  EXPECT_EQ(next<WebSocketText>(pair.client).text, std::string(300, 'x'));
}

// RFC 6455 5.7.
TEST(WebSocket, ReadsTheExamplesOfTheRfc) {
  testing::SeededRandom random(1);
  WebSocket server(WebSocketRole::server, random, 1000);
  server.handle_bytes(hex("818537fa213d7f9f4d5158"));
  EXPECT_EQ(next<WebSocketText>(server).text, "Hello");

  WebSocket client(WebSocketRole::client, random, 1000);
  client.handle_bytes(hex("810548656c6c6f"));
  EXPECT_EQ(next<WebSocketText>(client).text, "Hello");
  client.handle_bytes(hex("010348656c"));
  EXPECT_FALSE(client.poll_event());
  client.handle_bytes(hex("80026c6f"));
  EXPECT_EQ(next<WebSocketText>(client).text, "Hello");
  client.handle_bytes(hex("8203010203"));
  EXPECT_EQ(next<WebSocketBinary>(client).bytes, "\x01\x02\x03");
}

TEST(WebSocket, DoesNotCareHowFramesAreCut) {
  testing::SeededRandom random(1);
  WebSocket client(WebSocketRole::client, random, 1000);
  for (const std::byte b : hex("010348656c890080026c6f8100")) client.handle_bytes({&b, 1});
  EXPECT_EQ(next<WebSocketText>(client).text, "Hello");
  EXPECT_EQ(next<WebSocketText>(client).text, "");
  EXPECT_TRUE(client.poll_bytes());  // The pong.
}

TEST(WebSocket, AnswersPings) {
  Pair pair;
  ASSERT_TRUE(pair.client.send_ping("are you there"));
  pair.run();
  EXPECT_EQ(next<WebSocketPong>(pair.client).payload, "are you there");
  EXPECT_FALSE(pair.server.poll_event());
  EXPECT_EQ(pair.client.send_ping(std::string(126, 'x')).error(), petrel::Errc::too_long);
}

TEST(WebSocket, SaysGoodbyeInOrder) {
  Pair pair;
  ASSERT_TRUE(pair.client.send_text("last"));
  pair.client.close(close_going_away, "bye");
  EXPECT_EQ(pair.client.send_text("more").error(), petrel::Errc::closed);
  pair.run();
  EXPECT_EQ(next<WebSocketText>(pair.server).text, "last");
  const auto closed = next<WebSocketClosed>(pair.server);
  EXPECT_EQ(closed.code, close_going_away);
  EXPECT_EQ(closed.reason, "bye");
  EXPECT_EQ(next<WebSocketClosed>(pair.client).code, close_going_away);
  EXPECT_TRUE(pair.client.done());
  EXPECT_TRUE(pair.server.done());
}

TEST(WebSocket, ACloseFrameNeedsNoCode) {
  testing::SeededRandom random(1);
  WebSocket client(WebSocketRole::client, random, 1000);
  client.handle_bytes(hex("8800"));
  EXPECT_EQ(next<WebSocketClosed>(client).code, close_no_status);
}

TEST(WebSocket, FailsOnWhatBreaksTheProtocol) {
  for (const std::string_view bytes :
       {"83", "8301ff", "f10548656c6c6f", "8102fffe", "0900", "80026c6f", "880101"}) {
    testing::SeededRandom random(1);
    WebSocket client(WebSocketRole::client, random, 1000);
    client.handle_bytes(hex(std::string(bytes) + "00"));
    EXPECT_EQ(next<WebSocketFailed>(client).error, Errc::protocol_error) << bytes;
    EXPECT_FALSE(client.send_text("x")) << bytes;
    while (client.poll_bytes()) {
    }
    EXPECT_TRUE(client.done());
  }
}

TEST(WebSocket, RefusesMessagesOverTheLimit) {
  Pair pair;
  ASSERT_TRUE(pair.server.send_text(std::string(1001, 'x')));
  pair.run();
  EXPECT_EQ(next<WebSocketFailed>(pair.client).error, Errc::protocol_error);
}

TEST(WebSocket, BoundsWhatIsNotSent) {
  Pair pair;
  ASSERT_TRUE(pair.client.send_text(std::string(WebSocket::max_unsent_bytes - 10, 'x')));
  EXPECT_EQ(pair.client.send_text("more than ten").error(), petrel::Errc::limit_reached);
}

}  // namespace
}  // namespace petrel::inline v0::web
