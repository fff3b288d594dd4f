#include "petrel/web/websocket_handshake.hpp"

#include "petrel/base/base64.hpp"
#include "petrel/crypto/digest.hpp"

namespace petrel::inline v0::web {
namespace {

constexpr std::size_t key_size = 16;
constexpr std::string_view version = "13";

// RFC 6455 1.3.
std::string accept_value(std::string_view key) {
  constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::string text(key);
  text += guid;
  return base64_encode(crypto::sha1(as_bytes(text)));
}

bool asks_for_websocket(const http::Headers& headers) {
  return headers.has_element("Upgrade", "websocket") && headers.has_element("Connection", "Upgrade");
}

}  // namespace

std::string websocket_key(RandomSource& random) { return base64_encode(random.bytes<key_size>()); }

http::Request websocket_request(const http::Url& url, std::string key) {
  http::Request request{.path = url.path, .query = url.query, .host = url.authority()};
  request.headers = {{"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Key", std::move(key)},
                     {"Sec-WebSocket-Version", std::string(version)}};
  return request;
}

bool opens_websocket(const http::Response& response, std::string_view key) {
  const http::Headers& headers = response.headers;
  // RFC 6455 4.1: an extension or protocol that was not asked for fails the connection.
  return response.status == http::Status::switching_protocols && asks_for_websocket(headers) &&
         headers.get("Sec-WebSocket-Accept") == accept_value(key) &&
         headers.count("Sec-WebSocket-Extensions") == 0 && headers.count("Sec-WebSocket-Protocol") == 0;
}

http::Response answer_websocket(const http::Request& request) {
  const http::Headers& headers = request.headers;
  if (request.method != http::Method::get || !asks_for_websocket(headers)) {
    auto refusal = http::problem(http::Status::upgrade_required, "This address speaks WebSocket only.");
    refusal.headers.set("Upgrade", "websocket");
    return refusal;
  }
  if (headers.get("Sec-WebSocket-Version") != version) {
    auto refusal =
        http::problem(http::Status::upgrade_required, "Only version 13 of WebSocket is spoken here.");
    refusal.headers.set("Sec-WebSocket-Version", std::string(version));
    return refusal;
  }
  const auto key = headers.get("Sec-WebSocket-Key");
  if (!key || base64_decode(*key).value_or("").size() != key_size) {
    return http::problem(http::Status::bad_request, "Sec-WebSocket-Key is not 16 bytes in base64.");
  }
  return {http::Status::switching_protocols,
          {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept_value(*key)}},
          {}};
}

}  // namespace petrel::inline v0::web
