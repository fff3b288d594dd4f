#include "petrel/web/websocket_handshake.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::web {
namespace {

// RFC 6455 1.3.
constexpr std::string_view rfc_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view rfc_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const http::Url url{"ws", "server.example", 8080, "/chat", "a=b"};

TEST(WebSocketHandshake, FollowsTheExampleOfTheRfc) {
  const http::Request request = websocket_request(url, std::string(rfc_key));
  EXPECT_EQ(
      *http::write(request),
      "GET /chat?a=b HTTP/1.1\r\nHost: server.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");

  const http::Response response = answer_websocket(request);

  EXPECT_EQ(response.status, http::Status::switching_protocols);
  EXPECT_EQ(response.headers.get("Sec-WebSocket-Accept"), rfc_accept);
  EXPECT_TRUE(opens_websocket(response, rfc_key));
}

TEST(WebSocketHandshake, KeysDiffer) {
  testing::SeededRandom random(1);
  EXPECT_NE(websocket_key(random), websocket_key(random));
}

TEST(WebSocketHandshake, TheClientTakesNothingElse) {
  const http::Response good = answer_websocket(websocket_request(url, std::string(rfc_key)));
  const auto refuses = [&](auto change) {
    http::Response response = good;
    change(response);
    return !opens_websocket(response, rfc_key);
  };
  EXPECT_TRUE(refuses([](http::Response& r) { r.status = http::Status::ok; }));
  EXPECT_TRUE(refuses([](http::Response& r) { r.headers.set("Upgrade", "h2c"); }));
  EXPECT_TRUE(refuses([](http::Response& r) { r.headers.set("Connection", "close"); }));
  EXPECT_TRUE(refuses([](http::Response& r) { r.headers.set("Sec-WebSocket-Accept", "x"); }));
  EXPECT_TRUE(
      refuses([](http::Response& r) { r.headers.add("Sec-WebSocket-Extensions", "permessage-deflate"); }));
  EXPECT_TRUE(refuses([](http::Response& r) { r.headers.add("Sec-WebSocket-Protocol", "x"); }));
}

TEST(WebSocketHandshake, TheServerSaysWhatIsWrong) {
  const auto status_after = [](auto change) {
    http::Request request = websocket_request(url, std::string(rfc_key));
    change(request);
    return answer_websocket(request).status;
  };
  EXPECT_EQ(status_after([](http::Request& r) { r.method = http::Method::post; }),
            http::Status::upgrade_required);
  EXPECT_EQ(status_after([](http::Request& r) { r.headers.set("Upgrade", "h2c"); }),
            http::Status::upgrade_required);
  EXPECT_EQ(status_after([](http::Request& r) { r.headers.set("Sec-WebSocket-Version", "8"); }),
            http::Status::upgrade_required);
  EXPECT_EQ(status_after([](http::Request& r) { r.headers.set("Sec-WebSocket-Key", "short"); }),
            http::Status::bad_request);
}

}  // namespace
}  // namespace petrel::inline v0::web
