#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/http/body_reader.hpp"
#include "petrel/http/line_reader.hpp"
#include "petrel/http/message.hpp"

namespace petrel::inline v0::http {

/// What one request may cost us. The defaults fit the largest offer a browser makes (20 KB), with room.
struct RequestLimits {
  std::size_t request_line_bytes = 8 * 1024;  ///< RFC 9112 3 recommends at least 8,000.
  std::size_t header_bytes = 32 * 1024;  ///< All lines together; cookies of other localhost pages come along.
  std::size_t headers = 100;
  std::size_t body_bytes = 256 * 1024;
};

/// Why a request is refused. `reason` is a literal.
struct Rejection {
  Status status = Status::bad_request;
  std::string_view reason;
};

/// Reads HTTP/1.1 requests (RFC 9112) from a stream, one at a time.
///
/// Strict on purpose: everything that two parsers could read differently is refused (bare LF or CR,
/// obs-fold, white space before a colon, Content-Length twice or beside Transfer-Encoding, control
/// characters), because a proxy in front may be the other parser. After a rejection the position in
/// the stream is unknown: answer it and close.
class PETREL_API RequestParser {
 public:
  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  /// Takes bytes up to the end of one request, or up to the first wrong one, and says how many. What
  /// it leaves belongs to the next request: feed it again after take(). The outcome does not depend
  /// on how the stream is cut into calls.
  std::size_t feed(Bytes bytes);

  bool complete() const { return state_ == State::complete; }
  const std::optional<Rejection>& rejection() const { return rejection_; }

  /// The finished request; nullopt unless complete(). The parser is then ready for the next one.
  std::optional<Request> take();

  /// At least one byte of a request has come.
  bool started() const { return state_ != State::request_line || !line_.empty(); }
  /// The header section is finished; what is missing is the body.
  bool in_body() const { return state_ == State::body; }
  /// The client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1).
  bool wants_continue() const { return wants_continue_ && in_body(); }

 private:
  enum class State : std::uint8_t { request_line, headers, body, complete, rejected };

  void reject(Status status, std::string_view reason);
  void handle_line_byte(char byte);
  bool line_within_limit() const;
  void handle_line();
  void handle_request_line();
  bool handle_target(std::string_view target);
  void handle_header();
  void handle_headers_end();
  void handle_transfer_encoding();
  void handle_content_length(std::string_view text);
  void begin_body(BodyReader body);
  void settle_body();
  BodyLimits body_limits() const;

  RequestLimits limits_;
  State state_ = State::request_line;
  std::optional<Rejection> rejection_;
  Request request_;
  LineReader line_;
  BodyReader body_;
  std::size_t header_bytes_ = 0;
  std::size_t header_count_ = 0;
  bool is_http_1_0_ = false;
  bool target_names_host_ = false;
  bool wants_continue_ = false;
  bool skipped_empty_line_ = false;
};

}  // namespace petrel::inline v0::http
