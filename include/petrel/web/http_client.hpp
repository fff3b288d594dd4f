#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/response_parser.hpp"
#include "petrel/http/url.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/io_request.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/web/stream_link.hpp"

namespace petrel::inline v0::web {

using CallId = std::uint32_t;

/// The answer to a call, whatever its status.
struct CallAnswered {
  CallId id = 0;
  http::Response response{};
};
/// There is no answer to a call. Whether the server has acted on it is not known.
struct CallFailed {
  CallId id = 0;
  std::error_code error{};  ///< web::Errc, http::Errc, tls::Errc, petrel::Errc, or what the system said.
  std::string detail{};     ///< One line for people.
};

struct HttpClientConfig {
  tls::ClientConfig tls{};  ///< Everything but the server's name.
  http::ResponseLimits limits{};
  /// How long a connection is kept for the next call.
  Duration idle_limit = std::chrono::seconds(20);
};

/// Calls to HTTP servers: each its own connection, or one that an earlier call to the same server has left.
/// A part of a core that is a FlowCore.
///
/// A call that fails on a connection that was left over, before anything was answered, is sent again on a new
/// one: servers close idle connections when they like (RFC 9112 9.3.1).
class PETREL_API HttpClient {
 public:
  using Event = std::variant<CallAnswered, CallFailed>;

  /// Calls under way at once; one more fails with petrel::Errc::limit_reached.
  static constexpr std::size_t max_calls = 16;
  static constexpr std::size_t max_idle_connections = 2;

  HttpClient(HttpClientConfig config, FlowNumbers& numbers);
  ~HttpClient();

  /// `id` is the caller's and comes back in one event. Path, query and Host are taken from the URL.
  void start(TimePoint now, CallId id, const http::Url& url, http::Request request, Duration limit);
  /// Nothing comes of that call any more.
  void cancel(TimePoint now, CallId id);
  void close(TimePoint now);

  bool handle_bytes(TimePoint now, FlowId flow, Bytes bytes);
  bool handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  bool handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event() { return events_.take(); }

 private:
  struct Call;
  struct Connection;

  void begin(TimePoint now, Call call);
  void settle(TimePoint now, Connection& connection);
  void conclude(TimePoint now, Connection& connection, std::error_code error, std::string detail);
  void repeat(TimePoint now);
  void sweep();

  HttpClientConfig config_;
  FlowNumbers& numbers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Call> repeats_;
  RingQueue<Event> events_;
};

}  // namespace petrel::inline v0::web
