#include "petrel/web/websocket_client.hpp"

#include <utility>

#include "petrel/base/errc.hpp"
#include "petrel/web/websocket_handshake.hpp"

namespace petrel::inline v0::web {
namespace {

// A refusal is a few hundred bytes of JSON or HTML; its text is what explains it.
constexpr http::ResponseLimits refusal_limits{.body_bytes = 64 * 1024};

}  // namespace

WebSocketClient::WebSocketClient(TimePoint now, const http::Url& url, WebSocketClientConfig config,
                                 RandomSource& random, FlowNumbers& numbers)
    : config_(std::move(config)),
      random_(random),
      key_(websocket_key(random)),
      host_(url.host),
      link_(now, {url.host, url.port, url.secure()}, config_.tls, config_.setup_limit, numbers),
      setup_deadline_(now + config_.setup_limit),
      parser_(refusal_limits) {
  http::Request request = websocket_request(url, key_);
  request.headers.append(config_.headers);
  auto bytes = http::write(request);
  if (bytes) {
    link_.send(now, *bytes);
  } else {
    finish(now, WebSocketBroken{bytes.error(), "the URL cannot be asked for"});
  }
}

Result<void> WebSocketClient::send_text(TimePoint now, std::string_view text) {
  if (phase_ != Phase::open) return petrel::Errc::wrong_state;
  if (auto sent = socket_->send_text(text); !sent) return sent;
  flush(now);
  return {};
}

Result<void> WebSocketClient::send_ping(TimePoint now) {
  if (phase_ != Phase::open) return petrel::Errc::wrong_state;
  if (auto sent = socket_->send_ping(); !sent) return sent;
  flush(now);
  return {};
}

void WebSocketClient::close(TimePoint now, std::uint16_t code) {
  if (phase_ == Phase::handshaking) return finish(now, std::nullopt);
  if (phase_ != Phase::open) return;
  phase_ = Phase::closing;
  close_deadline_ = now + config_.close_limit;
  socket_->close(code);
  flush(now);
}

void WebSocketClient::flush(TimePoint now) {
  while (auto bytes = socket_->poll_bytes()) link_.send(now, *bytes);
}

void WebSocketClient::finish(TimePoint now, std::optional<Event> last) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  close_deadline_.reset();
  link_.close(now);
  if (last) events_.push_back(*std::move(last));
}

void WebSocketClient::settle(TimePoint now) {
  if (phase_ == Phase::over) return;
  std::string received = link_.take_received();
  if (phase_ == Phase::handshaking) {
    read_handshake(now, std::move(received));
  } else {
    read_frames(now, received);
  }
  if (phase_ == Phase::over) return;
  if (const auto& failure = link_.failure()) {
    finish(now, WebSocketBroken{failure->error, failure->detail});
  } else if (link_.ended()) {
    finish(now, WebSocketBroken{make_error_code(Errc::connection_closed),
                                host_ + " closed the connection without a word"});
  }
}

void WebSocketClient::read_handshake(TimePoint now, std::string received) {
  const std::size_t used = parser_.feed(as_bytes(received));
  if (link_.ended()) parser_.end();
  if (const auto& fault = parser_.fault()) {
    return finish(now,
                  WebSocketBroken{make_error_code(fault->error), host_ + ": " + std::string(fault->reason)});
  }
  auto response = parser_.take();
  if (!response) return;
  if (response->status != http::Status::switching_protocols) {
    return finish(now, WebSocketRefused{*std::move(response)});
  }
  if (!opens_websocket(*response, key_)) {
    return finish(now, WebSocketBroken{make_error_code(Errc::bad_upgrade),
                                       host_ + ": " + make_error_code(Errc::bad_upgrade).message()});
  }
  phase_ = Phase::open;
  socket_.emplace(WebSocketRole::client, random_, config_.max_message_bytes);
  events_.push_back(WebSocketOpened{});
  read_frames(now, std::string_view(received).substr(used));
}

void WebSocketClient::read_frames(TimePoint now, std::string_view received) {
  if (!received.empty()) socket_->handle_bytes(as_bytes(received));
  flush(now);
  while (auto event = socket_->poll_event()) {
    std::visit(
        [&](auto& each) {
          using Each = std::remove_cvref_t<decltype(each)>;
          if constexpr (std::is_same_v<Each, WebSocketClosed> || std::is_same_v<Each, WebSocketFailed>) {
            finish(now, std::move(each));
          } else {
            events_.push_back(std::move(each));
          }
        },
        *event);
    if (phase_ == Phase::over) return;
  }
}

bool WebSocketClient::handle_bytes(TimePoint now, FlowId flow, Bytes bytes) {
  if (!link_.handle_bytes(now, flow, bytes)) return false;
  settle(now);
  return true;
}

bool WebSocketClient::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  if (!link_.handle_flow(now, flow, change)) return false;
  settle(now);
  return true;
}

bool WebSocketClient::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  if (!link_.handle_resolved(now, id, addresses)) return false;
  settle(now);
  return true;
}

void WebSocketClient::handle_timeout(TimePoint now) {
  if (phase_ == Phase::over) return;
  link_.handle_timeout(now);
  settle(now);
  if (phase_ == Phase::handshaking && now >= setup_deadline_) {
    finish(now,
           WebSocketBroken{make_error_code(Errc::timed_out), host_ + " did not open the WebSocket in time"});
  } else if (close_deadline_ && now >= *close_deadline_) {
    finish(now, WebSocketBroken{make_error_code(Errc::timed_out), host_ + " did not answer our goodbye"});
  }
}

std::optional<TimePoint> WebSocketClient::next_timeout() const {
  if (phase_ == Phase::over) return std::nullopt;
  std::optional<TimePoint> next = link_.next_timeout();
  const auto consider = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  if (phase_ == Phase::handshaking) consider(setup_deadline_);
  consider(close_deadline_);
  return next;
}

}  // namespace petrel::inline v0::web
