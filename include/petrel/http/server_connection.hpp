#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/http/message.hpp"
#include "petrel/http/request_parser.hpp"

namespace petrel::inline v0::http {

struct ServerTimeouts {
  Duration header =
      std::chrono::seconds(10);  ///< From a request's first byte to the end of its header section.
  Duration body = std::chrono::seconds(30);  ///< From there to the end of its body.
  Duration idle = std::chrono::seconds(60);  ///< Between requests, and before the first.
};

/// The server's side of one HTTP/1.1 connection, without its socket.
///
/// Gives requests one by one: the next is read only after respond(), so pipelined requests are
/// answered in order. Requests that are malformed, too large or too slow it answers by itself (400,
/// 408, 413, 414, 417, 431, 501, 505) and closes. How long the application takes for an answer is
/// the application's business: no timer runs meanwhile.
///
/// Knows no TLS and no WebSocket, and streams no bodies.
class PETREL_API ServerConnection {
 public:
  ServerConnection(TimePoint now, RequestLimits limits = {}, ServerTimeouts timeouts = {});

  void handle_bytes(TimePoint now, Bytes bytes);
  /// The client has closed its half. A request that is with the application is still answered.
  void handle_end(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const { return deadline_; }

  /// Answers the request that poll_request() gave. Errc::wrong_state when there is none, Errc::closed
  /// when the connection is.
  Result<void> respond(TimePoint now, const Response& response);

  std::optional<Request> poll_request();
  /// What is to be written to the socket now.
  std::optional<std::string> poll_bytes();

  /// Nothing more will be read. Write what poll_bytes() still gives, then close the socket.
  bool closed() const { return closed_; }

  struct Stats {
    std::uint64_t requests = 0;   ///< Given to the application.
    std::uint64_t rejected = 0;   ///< Answered by the connection itself.
    std::uint64_t timed_out = 0;  ///< Closed for being slow or idle.
  };
  const Stats& stats() const { return stats_; }

 private:
  enum class Phase : std::uint8_t { idle, header, body, request_ready, answering };

  void clamp(TimePoint now);
  void read();
  void update_deadline();
  void refuse(Status status, std::string_view reason);
  void close();

  RequestParser parser_;
  ServerTimeouts timeouts_;
  TimePoint now_;
  Phase phase_ = Phase::idle;
  TimePoint phase_began_;
  std::optional<TimePoint> deadline_;
  std::string input_;  // Pipelined bytes behind the request that is being answered.
  std::string output_;
  std::optional<Request> request_;
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool continued_ = false;
  bool ended_ = false;
  bool closed_ = false;
  Stats stats_;
};

}  // namespace petrel::inline v0::http
