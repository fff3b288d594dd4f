#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"

namespace petrel::inline v0::web {

enum class WebSocketRole : std::uint8_t { client, server };

/// RFC 6455 7.4.1, those that are met here.
inline constexpr std::uint16_t close_normal = 1000;
inline constexpr std::uint16_t close_going_away = 1001;
inline constexpr std::uint16_t close_no_status = 1005;  ///< The peer's close frame named none.

/// A whole message of text, in UTF-8.
struct WebSocketText {
  std::string text;
};
/// A whole message of bytes.
struct WebSocketBinary {
  std::string bytes;
};
/// An answer to send_ping().
struct WebSocketPong {
  std::string payload;
};
/// The peer's close frame. What we have to answer is sent by itself; nothing else comes.
struct WebSocketClosed {
  std::uint16_t code = close_no_status;
  std::string reason{};
};
/// The peer broke the protocol, or sent a message over the limit. A close frame that says so may still be
/// polled; nothing else comes.
struct WebSocketFailed {
  std::error_code error;
};

/// The frames of one WebSocket (RFC 6455 5 to 7) behind its handshake: bytes to messages and back.
///
/// A payload core without timers. Pings are answered, fragments are put together, text is checked to be
/// UTF-8, and the closing handshake is kept. wslay does the framing. *Deviates*: whether a frame is masked is
/// not held against its sender (RFC 6455 5.1), since wslay does not tell.
class PETREL_API WebSocket {
 public:
  using Event = std::variant<WebSocketText, WebSocketBinary, WebSocketPong, WebSocketClosed, WebSocketFailed>;

  /// Messages that nobody polled; over it the peer has failed.
  static constexpr std::size_t max_unread_events = 1024;
  /// Bytes of output that nobody polled; send_text() refuses what would go over it.
  static constexpr std::size_t max_unsent_bytes = 1024 * 1024;

  /// `random` makes the masks of a client's frames (RFC 6455 5.3), and outlives this.
  WebSocket(WebSocketRole role, RandomSource& random, std::size_t max_message_bytes);
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();

  void handle_bytes(Bytes bytes);

  /// Errors: petrel::Errc::closed, petrel::Errc::limit_reached.
  Result<void> send_text(std::string_view text);
  /// At most 125 bytes of payload (RFC 6455 5.5), else petrel::Errc::too_long.
  Result<void> send_ping(std::string_view payload = {});
  /// Begins the closing handshake; WebSocketClosed comes once the peer has answered. `reason` is cut at 123
  /// bytes.
  void close(std::uint16_t code = close_normal, std::string_view reason = {});

  std::optional<std::string> poll_bytes();
  std::optional<Event> poll_event();

  /// Both sides have said goodbye, or the peer has failed: the transport can be closed behind what is unsent.
  bool done() const;

 private:
  class State;
  std::unique_ptr<State> state_;  // wslay keeps a pointer to it.
};

}  // namespace petrel::inline v0::web
