#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/http/line_reader.hpp"

namespace petrel::inline v0::http {

/// What a body and its trailers may cost. The trailers share the limits of the header section before them.
struct BodyLimits {
  std::size_t body_bytes = 0;
  std::size_t trailer_bytes = 0;
  std::size_t trailers = 0;
};

/// Why a body is refused. `reason` is a literal.
struct BodyFault {
  enum class Kind : std::uint8_t { malformed, too_large, trailers_too_large };
  Kind kind = Kind::malformed;
  std::string_view reason;
};

/// Reads the body of a message (RFC 9112 6 and 7) behind its header section: the same for requests
/// and responses. Trailers are read and dropped: RFC 9110 6.5.1 forbids to merge them into the header
/// section, and nothing here wants them.
class PETREL_API BodyReader {
 public:
  /// No body: complete at once.
  BodyReader() = default;
  static BodyReader of_length(std::uint64_t bytes, BodyLimits limits);
  static BodyReader chunked(BodyLimits limits);
  /// Responses only: everything up to the end of the connection, which end() tells.
  static BodyReader until_end(BodyLimits limits);

  /// Takes bytes up to the end of the body, or up to the first wrong one, and says how many.
  std::size_t feed(Bytes bytes);
  /// The connection has ended: completes until_end(), and nothing else.
  void end();

  bool complete() const { return state_ == State::complete; }
  const std::optional<BodyFault>& fault() const { return fault_; }
  std::string take() { return std::move(body_); }

 private:
  enum class State : std::uint8_t {
    complete,
    length,
    until_end,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    faulty
  };

  void fail(BodyFault::Kind kind, std::string_view reason);
  std::size_t take_data(Bytes bytes);
  void handle_line_byte(char byte);
  bool line_within_limit() const;
  void handle_line();
  void handle_chunk_size();
  void handle_trailer();

  BodyLimits limits_{};
  State state_ = State::complete;
  std::optional<BodyFault> fault_;
  std::string body_;
  LineReader line_;
  std::size_t left_ = 0;
};

}  // namespace petrel::inline v0::http
