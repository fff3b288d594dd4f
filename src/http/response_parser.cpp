#include "petrel/http/response_parser.hpp"

#include <algorithm>
#include <utility>

#include "http/field_line.hpp"
#include "http/text.hpp"

namespace petrel::inline v0::http {
namespace {

// Interim responses before one final. A server sends one or two; more is one that never answers.
constexpr std::size_t max_interim = 16;

bool is_interim(Status status) {
  return static_cast<unsigned>(status) < 200 && status != Status::switching_protocols;
}

bool has_no_body(Method method, Status status) {
  constexpr auto not_modified = static_cast<Status>(304);
  return method == Method::head || static_cast<unsigned>(status) < 200 || status == Status::no_content ||
         status == not_modified;
}

}  // namespace

std::size_t ResponseParser::feed(Bytes bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::complete && state_ != State::faulty) {
    if (state_ == State::body) {
      used += body_.feed(bytes.subspan(used));
      settle_body();
    } else {
      handle_line_byte(std::to_integer<char>(bytes[used]));
      ++used;
    }
  }
  return used;
}

void ResponseParser::end() {
  if (state_ == State::complete || state_ == State::faulty || !started()) return;
  if (state_ == State::body) {
    body_.end();
    settle_body();
  }
  if (state_ != State::complete) fail(Errc::response_cut_short, "the connection ended within a response");
}

std::optional<Response> ResponseParser::take() {
  if (state_ != State::complete) return std::nullopt;
  Response done = std::move(response_);
  keep_alive_ = !is_http_1_0_ && !until_end_ && !done.headers.has_element("Connection", "close");
  interim_ = 0;
  begin_next();
  return done;
}

void ResponseParser::begin_next() {
  state_ = State::status_line;
  response_ = {};
  body_ = {};
  header_bytes_ = 0;
  header_count_ = 0;
  until_end_ = false;
}

void ResponseParser::fail(Errc error, std::string_view reason) {
  state_ = State::faulty;
  fault_ = ResponseFault{error, reason};
}

void ResponseParser::handle_line_byte(char byte) {
  const LineReader::Outcome outcome = line_.add(byte);
  if (outcome == LineReader::Outcome::complete) {
    handle_line();
    line_.clear();
    return;
  }
  if (outcome != LineReader::Outcome::more) {
    return fail(Errc::malformed_response, LineReader::complaint(outcome));
  }
  const bool fits = state_ == State::status_line ? line_.size() <= limits_.status_line_bytes
                                                 : header_bytes_ + line_.size() <= limits_.header_bytes;
  if (!fits) fail(Errc::response_too_large, "the header section is too long");
}

void ResponseParser::handle_line() {
  if (state_ == State::status_line) return handle_status_line();
  if (line_.empty()) return handle_headers_end();
  handle_header();
}

// RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ]; some servers leave the second SP out.
void ResponseParser::handle_status_line() {
  const std::string_view line = line_.text();
  constexpr std::size_t version_size = 8;
  constexpr std::size_t code_end = version_size + 4;
  if (line.size() < code_end || !line.starts_with("HTTP/1.") || !is_digit(line[7]) ||
      line[version_size] != ' ' || (line.size() > code_end && line[code_end] != ' ') ||
      !is_field_value(line)) {
    return fail(Errc::malformed_response, "what answers does not speak HTTP/1.1");
  }
  const std::string_view digits = line.substr(version_size + 1, 3);
  unsigned code = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return fail(Errc::malformed_response, "a status is not a number of three digits");
    code = code * 10 + static_cast<unsigned>(c - '0');
  }
  if (code < 100) return fail(Errc::malformed_response, "a status is below 100");
  is_http_1_0_ = line[7] == '0';
  response_.status = static_cast<Status>(code);
  state_ = State::headers;
}

void ResponseParser::handle_header() {
  const std::string& line = line_.text();
  header_bytes_ += line.size();
  if (++header_count_ > limits_.headers) return fail(Errc::response_too_large, "too many header fields");
  const FieldLine field = read_field_line(line);
  if (!field.fault.empty()) return fail(Errc::malformed_response, field.fault);
  response_.headers.add(std::string(field.name), std::string(field.value));
}

void ResponseParser::handle_headers_end() {
  if (is_interim(response_.status)) {
    if (++interim_ > max_interim) return fail(Errc::malformed_response, "too many interim responses");
    return begin_next();
  }
  auto body = choose_body();
  if (!body) return;
  body_ = *std::move(body);
  state_ = State::body;
  settle_body();
}

// RFC 9112 6.3.
std::optional<BodyReader> ResponseParser::choose_body() {
  if (has_no_body(method_, response_.status)) return BodyReader();
  const Headers& headers = response_.headers;
  if (headers.count("Transfer-Encoding") > 0) {
    if (headers.count("Content-Length") > 0) {
      fail(Errc::malformed_response, "Transfer-Encoding and Content-Length together");
      return std::nullopt;
    }
    if (is_http_1_0_ || headers.count("Transfer-Encoding") > 1 ||
        !equals_ignoring_case(*headers.get("Transfer-Encoding"), "chunked")) {
      fail(Errc::malformed_response, "a transfer coding other than chunked");
      return std::nullopt;
    }
    return BodyReader::chunked(body_limits());
  }
  if (headers.count("Content-Length") > 1) {
    fail(Errc::malformed_response, "more than one Content-Length");
    return std::nullopt;
  }
  if (const auto text = headers.get("Content-Length")) {
    const auto size = read_content_length(*text);
    if (!size) {
      fail(Errc::malformed_response, "Content-Length is not a number");
      return std::nullopt;
    }
    return BodyReader::of_length(*size, body_limits());
  }
  until_end_ = true;
  return BodyReader::until_end(body_limits());
}

BodyLimits ResponseParser::body_limits() const {
  return {limits_.body_bytes, limits_.header_bytes - header_bytes_, limits_.headers - header_count_};
}

void ResponseParser::settle_body() {
  if (body_.complete()) {
    response_.body = body_.take();
    state_ = State::complete;
  } else if (const auto& fault = body_.fault()) {
    fail(fault->kind == BodyFault::Kind::malformed ? Errc::malformed_response : Errc::response_too_large,
         fault->reason);
  }
}

}  // namespace petrel::inline v0::http
