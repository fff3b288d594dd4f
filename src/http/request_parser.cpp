#include "petrel/http/request_parser.hpp"

#include <algorithm>
#include <utility>

#include "http/text.hpp"

namespace petrel::inline v0::http {
namespace {

// A chunk-size line is at most 8 digits; extensions have no use here but are legal.
constexpr std::size_t max_chunk_line = 256;
constexpr std::size_t max_chunk_digits = 8;
// More digits than any body we would take, and few enough that the number cannot overflow.
constexpr std::size_t max_length_digits = 18;

bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

std::size_t RequestParser::feed(Bytes bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::complete && state_ != State::rejected) {
    if (state_ == State::body || state_ == State::chunk_data) {
      used += take_body(bytes.subspan(used));
    } else {
      handle_line_byte(std::to_integer<char>(bytes[used]));
      ++used;
    }
  }
  return used;
}

std::optional<Request> RequestParser::take() {
  if (state_ != State::complete) return std::nullopt;
  Request done = std::move(request_);
  *this = RequestParser(limits_);
  return done;
}

bool RequestParser::in_body() const {
  return state_ == State::body || state_ == State::chunk_size || state_ == State::chunk_data ||
         state_ == State::chunk_end || state_ == State::trailers;
}

void RequestParser::reject(Status status, std::string_view reason) {
  state_ = State::rejected;
  rejection_ = Rejection{status, reason};
}

// RFC 9112 2.2 lets a recipient take a bare LF as a line end, and forbids to let a bare CR pass. We take
// neither: a proxy that reads one of them differently could be made to see other requests than we do.
void RequestParser::handle_line_byte(char byte) {
  const bool after_cr = !line_.empty() && line_.back() == '\r';
  if (byte == '\n' && !after_cr) return reject(Status::bad_request, "a line ends with LF instead of CRLF");
  if (byte != '\n' && after_cr) return reject(Status::bad_request, "a CR stands alone");
  if (byte == '\0') return reject(Status::bad_request, "a NUL byte in the header section");
  if (byte == '\n') {
    line_.pop_back();
    handle_line();
    line_.clear();
    return;
  }
  line_ += byte;
  if (!line_within_limit()) {
    switch (state_) {
      case State::request_line:
        return reject(Status::uri_too_long, "the request line is too long");
      case State::headers:
      case State::trailers:
        return reject(Status::header_fields_too_large, "the header section is too long");
      case State::chunk_end:
        return reject(Status::bad_request, "a chunk is longer than its size says");
      default:
        return reject(Status::bad_request, "a chunk-size line is too long");
    }
  }
}

bool RequestParser::line_within_limit() {
  const std::size_t size = line_.back() == '\r' ? line_.size() - 1 : line_.size();
  switch (state_) {
    case State::request_line:
      return size <= limits_.request_line_bytes;
    case State::headers:
    case State::trailers:
      return header_bytes_ + size <= limits_.header_bytes;
    case State::chunk_end:
      return size == 0;
    default:
      return size <= max_chunk_line;
  }
}

void RequestParser::handle_line() {
  switch (state_) {
    case State::request_line:
      return handle_request_line();
    case State::headers:
      if (line_.empty()) return handle_headers_end();
      return handle_header(/*is_trailer=*/false);
    case State::trailers:
      if (!line_.empty()) return handle_header(/*is_trailer=*/true);
      state_ = State::complete;
      return;
    case State::chunk_size:
      return handle_chunk_size();
    case State::chunk_end:
      state_ = State::chunk_size;
      return;
    case State::body:
    case State::chunk_data:
    case State::complete:
    case State::rejected:
      return;
  }
}

void RequestParser::handle_request_line() {
  // RFC 9112 2.2: at least one empty line before a request is to be ignored; some clients send one
  // after a body. More than one is not a client we know.
  if (line_.empty() && !skipped_empty_line_) {
    skipped_empty_line_ = true;
    return;
  }
  std::string_view rest = line_;
  const std::string_view method = take_until(rest, ' ');
  const std::string_view target = take_until(rest, ' ');
  const std::string_view version = rest;
  if (!is_token(method) || target.empty() || version.empty()) {
    return reject(Status::bad_request, "the request line is not METHOD TARGET VERSION");
  }
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7])) {
    return reject(Status::bad_request, "the request line does not end with an HTTP version");
  }
  if (version[5] != '1') return reject(Status::version_not_supported, "only HTTP/1.1 is spoken here");
  is_http_1_0_ = version[7] == '0';

  const auto known = parse_method(method);
  if (!known) return reject(Status::not_implemented, "this method is not implemented");
  request_.method = *known;
  if (!handle_target(target)) return reject(Status::bad_request, "the request target is malformed");
  state_ = State::headers;
}

// RFC 9112 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS.
bool RequestParser::handle_target(std::string_view target) {
  if (!is_target(target)) return false;
  if (target == "*") {
    request_.path = "*";
    return request_.method == Method::options;
  }
  if (!target.starts_with('/')) {
    constexpr std::string_view scheme = "http://";
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return false;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    request_.host = target.substr(0, end);
    if (request_.host.empty() || request_.host.find('@') != std::string::npos) return false;
    target_names_host_ = true;
    target.remove_prefix(end);
  }
  request_.path = take_until(target, '?');
  if (request_.path.empty()) request_.path = "/";
  request_.query = target;
  return true;
}

void RequestParser::handle_header(bool is_trailer) {
  header_bytes_ += line_.size();
  if (++header_count_ > limits_.headers) {
    return reject(Status::header_fields_too_large, "too many header fields");
  }
  // RFC 9112 5.2: a line that continues the one before (obs-fold) is refused.
  if (line_.front() == ' ' || line_.front() == '\t') {
    return reject(Status::bad_request, "a header field is folded over two lines");
  }
  std::string_view value = line_;
  const std::string_view name = take_until(value, ':');
  // RFC 9112 5.1: no white space between name and colon; is_token() sees to it.
  if (name.size() == line_.size() || !is_token(name)) {
    return reject(Status::bad_request, "a header field is not NAME: VALUE");
  }
  value = trim(value);
  if (!is_field_value(value)) return reject(Status::bad_request, "a control character in a header field");
  // RFC 9110 6.5.1: trailers may not be merged into the header section, and nothing here reads them.
  if (!is_trailer) request_.headers.add(std::string(name), std::string(value));
}

void RequestParser::handle_headers_end() {
  const Headers& headers = request_.headers;
  // RFC 9112 3.2: exactly one Host in HTTP/1.1, whatever form the target has.
  if (headers.count("Host") > 1) return reject(Status::bad_request, "more than one Host");
  if (headers.count("Host") == 0 && !is_http_1_0_) return reject(Status::bad_request, "no Host");
  if (!target_names_host_) request_.host = headers.get("Host").value_or("");

  request_.keep_alive = !is_http_1_0_ && !headers.has_element("Connection", "close");
  if (const auto expect = headers.get("Expect")) {
    if (!equals_ignoring_case(*expect, "100-continue")) {
      return reject(Status::expectation_failed, "only Expect: 100-continue is understood");
    }
    wants_continue_ = !is_http_1_0_;
  }
  if (headers.count("Transfer-Encoding") > 0) return handle_transfer_encoding();
  if (headers.count("Content-Length") > 1) {
    return reject(Status::bad_request, "more than one Content-Length");
  }
  handle_content_length(headers.get("Content-Length").value_or("0"));
}

void RequestParser::handle_transfer_encoding() {
  const Headers& headers = request_.headers;
  // RFC 9112 6.1 and 6.3: both together may be an attempt at request smuggling.
  if (headers.count("Content-Length") > 0) {
    return reject(Status::bad_request, "Transfer-Encoding and Content-Length together");
  }
  if (is_http_1_0_) return reject(Status::bad_request, "Transfer-Encoding in an HTTP/1.0 request");
  if (headers.count("Transfer-Encoding") > 1) {
    return reject(Status::bad_request, "more than one Transfer-Encoding");
  }
  if (!equals_ignoring_case(*headers.get("Transfer-Encoding"), "chunked")) {
    return reject(Status::not_implemented, "only the transfer coding chunked is implemented");
  }
  state_ = State::chunk_size;
}

void RequestParser::handle_content_length(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) {
    return reject(Status::bad_request, "Content-Length is not a number");
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  if (text.size() > max_length_digits) return reject(Status::content_too_large, "the body is too large");
  std::size_t size = 0;
  for (const char c : text) size = size * 10 + static_cast<std::size_t>(c - '0');
  if (size > limits_.body_bytes) return reject(Status::content_too_large, "the body is too large");
  body_left_ = size;
  state_ = size == 0 ? State::complete : State::body;
}

// RFC 9112 7.1: chunk-size [ chunk-ext ]
void RequestParser::handle_chunk_size() {
  std::string_view extension = line_;
  const std::string_view digits = trim(take_until(extension, ';'));
  if (digits.empty() || digits.size() > max_chunk_digits || line_.front() == ' ' || line_.front() == '\t' ||
      !is_field_value(extension)) {
    return reject(Status::bad_request, "a chunk size is malformed");
  }
  std::size_t size = 0;
  for (const char c : digits) {
    const int value = hex_value(c);
    if (value < 0) return reject(Status::bad_request, "a chunk size is malformed");
    size = size * 16 + static_cast<std::size_t>(value);
  }
  if (size > limits_.body_bytes - request_.body.size()) {
    return reject(Status::content_too_large, "the body is too large");
  }
  body_left_ = size;
  state_ = size == 0 ? State::trailers : State::chunk_data;
}

std::size_t RequestParser::take_body(Bytes bytes) {
  const Bytes taken = bytes.first(std::min(bytes.size(), body_left_));
  request_.body += as_text(taken);
  body_left_ -= taken.size();
  if (body_left_ == 0) state_ = state_ == State::body ? State::complete : State::chunk_end;
  return taken.size();
}

}  // namespace petrel::inline v0::http
