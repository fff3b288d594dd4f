#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/http/body_reader.hpp"
#include "petrel/http/errc.hpp"
#include "petrel/http/line_reader.hpp"
#include "petrel/http/message.hpp"

namespace petrel::inline v0::http {

/// What one response may cost us.
struct ResponseLimits {
  std::size_t status_line_bytes = 1024;
  std::size_t header_bytes = 32 * 1024;  ///< All lines together.
  std::size_t headers = 100;
  std::size_t body_bytes = 1024 * 1024;
};

/// Why a response is not taken. `reason` is a literal.
struct ResponseFault {
  Errc error = Errc::malformed_response;  ///< Or response_too_large, or response_cut_short.
  std::string_view reason;
};

/// Reads HTTP/1.1 responses (RFC 9112) from a stream, one at a time: the client's side of RequestParser,
/// and as strict. After a fault the position in the stream is unknown: close it.
class PETREL_API ResponseParser {
 public:
  explicit ResponseParser(ResponseLimits limits = {}) : limits_(limits) {}

  /// Which request the next response is to: HEAD's has no body whatever it says (RFC 9112 6.3). Tell it
  /// before the response comes; otherwise it is taken for a GET's or a POST's.
  void expect(Method method) { method_ = method; }

  /// Takes bytes up to the end of one response, or up to the first wrong one, and says how many. What it
  /// leaves belongs to the next response, or, after a 101, to the other protocol. Interim responses but 101
  /// are skipped (RFC 9110 15.2). The outcome does not depend on how the stream is cut into calls.
  std::size_t feed(Bytes bytes);
  /// The stream has ended: that completes a response whose body has no length, and cuts others short.
  void end();

  bool complete() const { return state_ == State::complete; }
  const std::optional<ResponseFault>& fault() const { return fault_; }
  /// At least one byte of a response has come.
  bool started() const { return state_ != State::status_line || !line_.empty() || interim_ > 0; }

  /// The finished response; nullopt unless complete(). Its status may be one that Status has no name for.
  /// The parser is then ready for the next one.
  std::optional<Response> take();
  /// Of the response that take() gave last: the connection can be used for another request.
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class State : std::uint8_t { status_line, headers, body, complete, faulty };

  void fail(Errc error, std::string_view reason);
  void handle_line_byte(char byte);
  void handle_line();
  void handle_status_line();
  void handle_header();
  void handle_headers_end();
  std::optional<BodyReader> choose_body();
  void settle_body();
  void begin_next();
  BodyLimits body_limits() const;

  ResponseLimits limits_;
  State state_ = State::status_line;
  std::optional<ResponseFault> fault_;
  Method method_ = Method::get;
  Response response_;
  LineReader line_;
  BodyReader body_;
  std::size_t header_bytes_ = 0;
  std::size_t header_count_ = 0;
  std::size_t interim_ = 0;
  bool is_http_1_0_ = false;
  bool until_end_ = false;
  bool keep_alive_ = false;
};

}  // namespace petrel::inline v0::http
