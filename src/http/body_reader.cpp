#include "petrel/http/body_reader.hpp"

#include <algorithm>

#include "http/field_line.hpp"
#include "http/text.hpp"

namespace petrel::inline v0::http {
namespace {

// A chunk-size line is at most 8 digits; extensions have no use here but are legal.
constexpr std::size_t max_chunk_line = 256;
constexpr std::size_t max_chunk_digits = 8;

constexpr std::string_view too_large = "the body is too large";

}  // namespace

BodyReader BodyReader::of_length(std::uint64_t bytes, BodyLimits limits) {
  BodyReader reader;
  reader.limits_ = limits;
  if (bytes > limits.body_bytes) {
    reader.fail(BodyFault::Kind::too_large, too_large);
  } else if (bytes > 0) {
    reader.left_ = static_cast<std::size_t>(bytes);
    reader.state_ = State::length;
  }
  return reader;
}

BodyReader BodyReader::chunked(BodyLimits limits) {
  BodyReader reader;
  reader.limits_ = limits;
  reader.state_ = State::chunk_size;
  return reader;
}

BodyReader BodyReader::until_end(BodyLimits limits) {
  BodyReader reader;
  reader.limits_ = limits;
  reader.state_ = State::until_end;
  return reader;
}

std::size_t BodyReader::feed(Bytes bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::complete && state_ != State::faulty) {
    if (state_ == State::length || state_ == State::until_end || state_ == State::chunk_data) {
      used += take_data(bytes.subspan(used));
    } else {
      handle_line_byte(std::to_integer<char>(bytes[used]));
      ++used;
    }
  }
  return used;
}

void BodyReader::end() {
  if (state_ == State::until_end) state_ = State::complete;
}

void BodyReader::fail(BodyFault::Kind kind, std::string_view reason) {
  state_ = State::faulty;
  fault_ = BodyFault{kind, reason};
}

std::size_t BodyReader::take_data(Bytes bytes) {
  if (state_ == State::until_end) {
    const std::size_t room = limits_.body_bytes - body_.size();
    const Bytes taken = bytes.first(std::min(bytes.size(), room));
    body_ += as_text(taken);
    if (taken.size() < bytes.size()) fail(BodyFault::Kind::too_large, too_large);
    return taken.size();
  }
  const Bytes taken = bytes.first(std::min(bytes.size(), left_));
  body_ += as_text(taken);
  left_ -= taken.size();
  if (left_ == 0) state_ = state_ == State::length ? State::complete : State::chunk_end;
  return taken.size();
}

void BodyReader::handle_line_byte(char byte) {
  const LineReader::Outcome outcome = line_.add(byte);
  if (outcome == LineReader::Outcome::complete) {
    handle_line();
    line_.clear();
    return;
  }
  if (outcome != LineReader::Outcome::more) {
    return fail(BodyFault::Kind::malformed, LineReader::complaint(outcome));
  }
  if (line_within_limit()) return;
  switch (state_) {
    case State::trailers:
      return fail(BodyFault::Kind::trailers_too_large, "the header section is too long");
    case State::chunk_end:
      return fail(BodyFault::Kind::malformed, "a chunk is longer than its size says");
    default:
      return fail(BodyFault::Kind::malformed, "a chunk-size line is too long");
  }
}

bool BodyReader::line_within_limit() const {
  switch (state_) {
    case State::trailers:
      return line_.size() <= limits_.trailer_bytes;
    case State::chunk_end:
      return line_.size() == 0;
    default:
      return line_.size() <= max_chunk_line;
  }
}

void BodyReader::handle_line() {
  switch (state_) {
    case State::chunk_size:
      return handle_chunk_size();
    case State::chunk_end:
      state_ = State::chunk_size;
      return;
    case State::trailers:
      return handle_trailer();
    default:
      return;
  }
}

// RFC 9112 7.1: chunk-size [ chunk-ext ]
void BodyReader::handle_chunk_size() {
  const std::string& line = line_.text();
  std::string_view extension = line;
  const std::string_view digits = trim(take_until(extension, ';'));
  if (digits.empty() || digits.size() > max_chunk_digits || line.front() == ' ' || line.front() == '\t' ||
      !is_field_value(extension)) {
    return fail(BodyFault::Kind::malformed, "a chunk size is malformed");
  }
  std::size_t size = 0;
  for (const char c : digits) {
    const int value = hex_value(c);
    if (value < 0) return fail(BodyFault::Kind::malformed, "a chunk size is malformed");
    size = size * 16 + static_cast<std::size_t>(value);
  }
  if (size > limits_.body_bytes - body_.size()) return fail(BodyFault::Kind::too_large, too_large);
  left_ = size;
  state_ = size == 0 ? State::trailers : State::chunk_data;
}

void BodyReader::handle_trailer() {
  const std::string& line = line_.text();
  if (line.empty()) {
    state_ = State::complete;
    return;
  }
  limits_.trailer_bytes -= line.size();
  if (limits_.trailers == 0) return fail(BodyFault::Kind::trailers_too_large, "too many header fields");
  --limits_.trailers;
  const FieldLine field = read_field_line(line);
  if (!field.fault.empty()) fail(BodyFault::Kind::malformed, field.fault);
}

}  // namespace petrel::inline v0::http
