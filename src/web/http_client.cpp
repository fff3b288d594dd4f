#include "petrel/web/http_client.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::web {

struct HttpClient::Call {
  CallId id = 0;
  LinkTarget target;
  http::Method method = http::Method::get;
  std::string bytes;
  TimePoint deadline;
  bool is_repeated = false;
};

struct HttpClient::Connection {
  StreamLink link;
  http::ResponseParser parser;
  std::optional<Call> call{};
  bool was_used = false;  // Answers came on it before: the server may close it at any time.
  std::optional<TimePoint> idle_deadline{};
  bool done = false;
};

HttpClient::HttpClient(HttpClientConfig config, FlowNumbers& numbers)
    : config_(std::move(config)), numbers_(numbers) {}
HttpClient::~HttpClient() = default;

void HttpClient::start(TimePoint now, CallId id, const http::Url& url, http::Request request,
                       Duration limit) {
  request.path = url.path;
  request.query = url.query;
  request.host = url.authority();
  auto bytes = http::write(request);
  if (!bytes) {
    events_.push_back(
        CallFailed{id, bytes.error(), "the request cannot be written: " + bytes.error().message()});
    return;
  }
  const auto running =
      std::ranges::count_if(connections_, [](const auto& each) { return each->call.has_value(); });
  if (static_cast<std::size_t>(running) >= max_calls) {
    const auto error = make_error_code(petrel::Errc::limit_reached);
    events_.push_back(CallFailed{id, error, "too many calls at once"});
    return;
  }
  begin(now, Call{id, {url.host, url.port, url.secure()}, request.method, *std::move(bytes), now + limit});
}

void HttpClient::begin(TimePoint now, Call call) {
  Connection* connection = nullptr;
  if (!call.is_repeated) {
    const auto idle = std::ranges::find_if(connections_, [&](const auto& each) {
      return each->idle_deadline && !each->done && each->link.target() == call.target;
    });
    if (idle != connections_.end()) connection = idle->get();
  }
  if (connection == nullptr) {
    connections_.push_back(std::make_unique<Connection>(
        Connection{StreamLink(now, call.target, config_.tls, call.deadline - now, numbers_),
                   http::ResponseParser(config_.limits)}));
    connection = connections_.back().get();
  }
  connection->idle_deadline.reset();
  connection->parser.expect(call.method);
  connection->link.send(now, call.bytes);
  connection->call = std::move(call);
  settle(now, *connection);
  sweep();
}

void HttpClient::cancel(TimePoint now, CallId id) {
  for (const auto& connection : connections_) {
    if (!connection->call || connection->call->id != id) continue;
    connection->call.reset();
    connection->link.close(now);
    connection->done = true;
  }
  events_.remove_if(
      [&](const Event& event) { return std::visit([&](const auto& each) { return each.id == id; }, event); });
  sweep();
}

void HttpClient::close(TimePoint now) {
  for (const auto& connection : connections_) {
    connection->call.reset();
    connection->link.close(now);
    connection->done = true;
  }
  events_.clear();
  sweep();
}

// What has come of this connection.
void HttpClient::settle(TimePoint now, Connection& connection) {
  if (connection.done) return;
  const std::string received = connection.link.take_received();
  connection.parser.feed(as_bytes(received));
  if (connection.link.ended()) connection.parser.end();
  if (!connection.call) {
    // Idle: whatever comes now, nobody has asked for it.
    if (!received.empty() || !connection.link.open()) {
      connection.link.close(now);
      connection.done = true;
    }
    return;
  }
  if (auto response = connection.parser.take()) {
    events_.push_back(CallAnswered{connection.call->id, *std::move(response)});
    connection.call.reset();
    connection.was_used = true;
    const auto idle =
        std::ranges::count_if(connections_, [](const auto& each) { return each->idle_deadline.has_value(); });
    if (connection.parser.keep_alive() && connection.link.open() &&
        static_cast<std::size_t>(idle) < max_idle_connections) {
      connection.idle_deadline = now + config_.idle_limit;
    } else {
      connection.link.close(now);
      connection.done = true;
    }
  } else if (const auto& fault = connection.parser.fault()) {
    conclude(now, connection, make_error_code(fault->error),
             connection.link.target().host + ": " + std::string(fault->reason));
  } else if (const auto& failure = connection.link.failure()) {
    conclude(now, connection, failure->error, failure->detail);
  } else if (connection.link.ended()) {
    conclude(now, connection, make_error_code(Errc::connection_closed),
             connection.link.target().host + " closed the connection without an answer");
  }
}

void HttpClient::conclude(TimePoint now, Connection& connection, std::error_code error, std::string detail) {
  connection.link.close(now);
  connection.done = true;
  Call call = *std::exchange(connection.call, std::nullopt);
  if (connection.was_used && !connection.parser.started() && now < call.deadline) {
    call.is_repeated = true;
    // Not begin() at once: the list of connections is being walked. repeat() does it.
    repeats_.push_back(std::move(call));
    return;
  }
  events_.push_back(CallFailed{call.id, error, std::move(detail)});
}

void HttpClient::sweep() {
  std::erase_if(connections_, [](const auto& each) { return each->done && each->link.drained(); });
}

bool HttpClient::handle_bytes(TimePoint now, FlowId flow, Bytes bytes) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (!connections_[i]->link.handle_bytes(now, flow, bytes)) continue;
    settle(now, *connections_[i]);
    repeat(now);
    return true;
  }
  return false;
}

bool HttpClient::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (!connections_[i]->link.handle_flow(now, flow, change)) continue;
    settle(now, *connections_[i]);
    repeat(now);
    return true;
  }
  return false;
}

bool HttpClient::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  for (const auto& connection : connections_) {
    if (!connection->link.handle_resolved(now, id, addresses)) continue;
    settle(now, *connection);
    sweep();
    return true;
  }
  return false;
}

void HttpClient::handle_timeout(TimePoint now) {
  for (const auto& connection : connections_) {
    if (connection->done) continue;
    connection->link.handle_timeout(now);
    settle(now, *connection);
    if (connection->call && now >= connection->call->deadline) {
      const CallId id = connection->call->id;
      connection->call.reset();
      connection->link.close(now);
      connection->done = true;
      events_.push_back(CallFailed{id, make_error_code(Errc::timed_out),
                                   connection->link.target().host + " did not answer in time"});
    } else if (connection->idle_deadline && now >= *connection->idle_deadline) {
      connection->link.close(now);
      connection->done = true;
    }
  }
  repeat(now);
}

void HttpClient::repeat(TimePoint now) {
  for (Call& call : std::exchange(repeats_, {})) begin(now, std::move(call));
  sweep();
}

std::optional<TimePoint> HttpClient::next_timeout() const {
  std::optional<TimePoint> next;
  const auto consider = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  for (const auto& connection : connections_) {
    if (connection->done) continue;
    consider(connection->link.next_timeout());
    if (connection->call) consider(connection->call->deadline);
    consider(connection->idle_deadline);
  }
  return next;
}

std::optional<IoRequest> HttpClient::poll_request() {
  for (const auto& connection : connections_) {
    if (auto request = connection->link.poll_request()) return request;
  }
  sweep();
  return std::nullopt;
}

std::optional<Transmit> HttpClient::poll_transmit() {
  for (const auto& connection : connections_) {
    if (auto transmit = connection->link.poll_transmit()) return transmit;
  }
  return std::nullopt;
}

}  // namespace petrel::inline v0::web
