#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/response_parser.hpp"
#include "petrel/http/url.hpp"
#include "petrel/web/stream_link.hpp"
#include "petrel/web/websocket.hpp"

namespace petrel::inline v0::web {

struct WebSocketClientConfig {
  tls::ClientConfig tls{};  ///< Everything but the server's name.
  http::Headers headers{};  ///< Beside those of the handshake.
  std::size_t max_message_bytes = 256 * 1024;
  Duration setup_limit = std::chrono::seconds(15);  ///< From the start until WebSocketOpened.
  Duration close_limit = std::chrono::seconds(5);   ///< For the peer's answer to our close frame.
};

struct WebSocketOpened {};
/// The server answered the handshake with something else than 101.
struct WebSocketRefused {
  http::Response response;
};
/// The connection is over without a close frame of the peer.
struct WebSocketBroken {
  std::error_code error;
  std::string detail;  ///< One line for people.
};

/// One WebSocket to a server, from its name to its closing handshake. A part of a core that is a FlowCore.
///
/// After WebSocketRefused, WebSocketClosed, WebSocketFailed and WebSocketBroken it is over, and no event
/// follows.
class PETREL_API WebSocketClient {
 public:
  using Event = std::variant<WebSocketOpened, WebSocketRefused, WebSocketText, WebSocketBinary, WebSocketPong,
                             WebSocketClosed, WebSocketFailed, WebSocketBroken>;

  /// `random` and `numbers` outlive this.
  WebSocketClient(TimePoint now, const http::Url& url, WebSocketClientConfig config, RandomSource& random,
                  FlowNumbers& numbers);

  /// Errors: petrel::Errc::wrong_state before WebSocketOpened, and those of WebSocket.
  Result<void> send_text(TimePoint now, std::string_view text);
  Result<void> send_ping(TimePoint now);
  /// Begins the closing handshake; before WebSocketOpened it just goes away, and no event follows.
  void close(TimePoint now, std::uint16_t code = close_normal);

  bool handle_bytes(TimePoint now, FlowId flow, Bytes bytes);
  bool handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  bool handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request() { return link_.poll_request(); }
  std::optional<Transmit> poll_transmit() { return link_.poll_transmit(); }
  std::optional<Event> poll_event() { return events_.take(); }

  /// The local address of the connection, once there is one.
  const std::optional<IpAddress>& local_address() const { return link_.local_address(); }
  /// Over, and nothing is left to be polled: it may be destroyed.
  bool finished() const { return phase_ == Phase::over && link_.drained() && events_.empty(); }

 private:
  enum class Phase : std::uint8_t { handshaking, open, closing, over };

  void settle(TimePoint now);
  void read_handshake(TimePoint now, std::string received);
  void read_frames(TimePoint now, std::string_view received);
  void flush(TimePoint now);
  void finish(TimePoint now, std::optional<Event> last);

  WebSocketClientConfig config_;
  RandomSource& random_;
  std::string key_;
  std::string host_;
  StreamLink link_;
  Phase phase_ = Phase::handshaking;
  TimePoint setup_deadline_;
  std::optional<TimePoint> close_deadline_;
  http::ResponseParser parser_;
  std::optional<WebSocket> socket_;
  RingQueue<Event> events_;
};

}  // namespace petrel::inline v0::web
