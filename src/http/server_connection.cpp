#include "petrel/http/server_connection.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::http {
namespace {

// What a client may send ahead of the answer to its last request. A pipelining client sends small
// requests; one that sends more is cut off after the answer that it waits for.
constexpr std::size_t max_pipelined_bytes = 64 * 1024;

}  // namespace

ServerConnection::ServerConnection(TimePoint now, RequestLimits limits, ServerTimeouts timeouts)
    : parser_(limits), timeouts_(timeouts), now_(now), phase_began_(now) {
  update_deadline();
}

void ServerConnection::handle_bytes(TimePoint now, Bytes bytes) {
  clamp(now);
  if (closed_ || ended_) return;
  if (phase_ == Phase::request_ready || phase_ == Phase::answering) {
    if (input_.size() + bytes.size() > max_pipelined_bytes) {
      keep_alive_ = false;
      return;
    }
    input_ += as_text(bytes);
    return;
  }
  input_ += as_text(bytes);
  read();
}

void ServerConnection::handle_end(TimePoint now) {
  clamp(now);
  if (closed_) return;
  ended_ = true;
  if (phase_ != Phase::request_ready && phase_ != Phase::answering) close();
}

void ServerConnection::handle_timeout(TimePoint now) {
  clamp(now);
  if (closed_ || !deadline_ || now_ < *deadline_) return;
  ++stats_.timed_out;
  switch (phase_) {
    case Phase::header:
      return refuse(Status::request_timeout, "the header section took too long");
    case Phase::body:
      return refuse(Status::request_timeout, "the body took too long");
    case Phase::idle:
    case Phase::request_ready:
    case Phase::answering:
      return close();
  }
}

Result<void> ServerConnection::respond(TimePoint now, const Response& response) {
  clamp(now);
  if (closed_) return petrel::Errc::closed;
  if (phase_ != Phase::answering) return petrel::Errc::wrong_state;
  const bool goes_on = keep_alive_ && !ended_;
  output_ += write(response, {.to_head = is_head_, .keep_alive = goes_on});
  if (!goes_on) {
    close();
    return {};
  }
  phase_ = Phase::idle;
  phase_began_ = now_;
  read();
  return {};
}

std::optional<Request> ServerConnection::poll_request() {
  if (closed_ || phase_ != Phase::request_ready) return std::nullopt;
  phase_ = Phase::answering;
  return std::exchange(request_, std::nullopt);
}

std::optional<std::string> ServerConnection::poll_bytes() {
  if (output_.empty()) return std::nullopt;
  return std::exchange(output_, {});
}

void ServerConnection::clamp(TimePoint now) { now_ = std::max(now_, now); }

void ServerConnection::read() {
  input_.erase(0, parser_.feed(as_bytes(input_)));
  if (const auto& rejection = parser_.rejection()) {
    ++stats_.rejected;
    return refuse(rejection->status, rejection->reason);
  }
  if (phase_ == Phase::idle && parser_.started()) {
    phase_ = Phase::header;
    phase_began_ = now_;
  }
  if (phase_ == Phase::header && parser_.in_body()) {
    phase_ = Phase::body;
    phase_began_ = now_;
    continued_ = false;
  }
  if (parser_.wants_continue() && !continued_) {
    continued_ = true;
    output_ += write({Status::continue_, {}, {}}, {});
  }
  if (auto request = parser_.take()) {
    ++stats_.requests;
    is_head_ = request->method == Method::head;
    keep_alive_ = request->keep_alive;
    request_ = std::move(request);
    phase_ = Phase::request_ready;
  }
  update_deadline();
}

void ServerConnection::update_deadline() {
  switch (phase_) {
    case Phase::idle:
      deadline_ = phase_began_ + timeouts_.idle;
      return;
    case Phase::header:
      deadline_ = phase_began_ + timeouts_.header;
      return;
    case Phase::body:
      deadline_ = phase_began_ + timeouts_.body;
      return;
    case Phase::request_ready:
    case Phase::answering:
      deadline_.reset();
      return;
  }
}

void ServerConnection::refuse(Status status, std::string_view reason) {
  output_ += write(problem(status, reason), {});
  close();
}

void ServerConnection::close() {
  closed_ = true;
  deadline_.reset();
  request_.reset();
  input_.clear();
}

}  // namespace petrel::inline v0::http
