#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/url.hpp"

// The opening handshake of a WebSocket, RFC 6455 4. No extensions and no sub-protocols.
namespace petrel::inline v0::web {

/// A new Sec-WebSocket-Key: 16 random bytes in base64.
PETREL_API std::string websocket_key(RandomSource& random);

/// The client's request for a WebSocket at `url`.
PETREL_API http::Request websocket_request(const http::Url& url, std::string key);

/// Whether a response to a request with that key opens the WebSocket.
PETREL_API bool opens_websocket(const http::Response& response, std::string_view key);

/// A server's answer: 101 that opens the WebSocket, or 400 and 426 with what is wrong.
PETREL_API http::Response answer_websocket(const http::Request& request);

}  // namespace petrel::inline v0::web
