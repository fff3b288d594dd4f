#include "petrel/http/request_parser.hpp"

#include <algorithm>
#include <utility>

#include "http/field_line.hpp"
#include "http/text.hpp"

namespace petrel::inline v0::http {
namespace {

bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

std::size_t RequestParser::feed(Bytes bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::complete && state_ != State::rejected) {
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

std::optional<Request> RequestParser::take() {
  if (state_ != State::complete) return std::nullopt;
  Request done = std::move(request_);
  *this = RequestParser(limits_);
  return done;
}

void RequestParser::reject(Status status, std::string_view reason) {
  state_ = State::rejected;
  rejection_ = Rejection{status, reason};
}

void RequestParser::handle_line_byte(char byte) {
  const LineReader::Outcome outcome = line_.add(byte);
  if (outcome == LineReader::Outcome::complete) {
    handle_line();
    line_.clear();
    return;
  }
  if (outcome != LineReader::Outcome::more) {
    return reject(Status::bad_request, LineReader::complaint(outcome));
  }
  if (line_within_limit()) return;
  if (state_ == State::request_line) return reject(Status::uri_too_long, "the request line is too long");
  reject(Status::header_fields_too_large, "the header section is too long");
}

bool RequestParser::line_within_limit() const {
  if (state_ == State::request_line) return line_.size() <= limits_.request_line_bytes;
  return header_bytes_ + line_.size() <= limits_.header_bytes;
}

void RequestParser::handle_line() {
  if (state_ == State::request_line) return handle_request_line();
  if (line_.empty()) return handle_headers_end();
  handle_header();
}

void RequestParser::handle_request_line() {
  // RFC 9112 2.2: at least one empty line before a request is to be ignored; some clients send one
  // after a body. More than one is not a client we know.
  if (line_.empty() && !skipped_empty_line_) {
    skipped_empty_line_ = true;
    return;
  }
  std::string_view rest = line_.text();
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

void RequestParser::handle_header() {
  const std::string& line = line_.text();
  header_bytes_ += line.size();
  if (++header_count_ > limits_.headers) {
    return reject(Status::header_fields_too_large, "too many header fields");
  }
  const FieldLine field = read_field_line(line);
  if (!field.fault.empty()) return reject(Status::bad_request, field.fault);
  request_.headers.add(std::string(field.name), std::string(field.value));
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
  begin_body(BodyReader::chunked(body_limits()));
}

void RequestParser::handle_content_length(std::string_view text) {
  const auto size = read_content_length(text);
  if (!size) return reject(Status::bad_request, "Content-Length is not a number");
  begin_body(BodyReader::of_length(*size, body_limits()));
}

BodyLimits RequestParser::body_limits() const {
  return {limits_.body_bytes, limits_.header_bytes - header_bytes_, limits_.headers - header_count_};
}

void RequestParser::begin_body(BodyReader body) {
  body_ = std::move(body);
  state_ = State::body;
  settle_body();
}

void RequestParser::settle_body() {
  if (body_.complete()) {
    request_.body = body_.take();
    state_ = State::complete;
  } else if (const auto& fault = body_.fault()) {
    switch (fault->kind) {
      case BodyFault::Kind::malformed:
        return reject(Status::bad_request, fault->reason);
      case BodyFault::Kind::too_large:
        return reject(Status::content_too_large, fault->reason);
      case BodyFault::Kind::trailers_too_large:
        return reject(Status::header_fields_too_large, fault->reason);
    }
  }
}

}  // namespace petrel::inline v0::http
