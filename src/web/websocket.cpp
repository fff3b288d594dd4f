#include "petrel/web/websocket.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "petrel/base/assert.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/web/errc.hpp"

namespace petrel::inline v0::web {
namespace {

constexpr std::size_t max_control_payload = 125;  // RFC 6455 5.5
constexpr std::size_t max_close_reason = max_control_payload - 2;

struct FreeContext {
  void operator()(wslay_event_context* context) const noexcept { wslay_event_context_free(context); }
};

}  // namespace

class WebSocket::State {
 public:
  State(WebSocketRole role, RandomSource& random, std::size_t max_message_bytes) : random_(random) {
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = &State::on_read;
    callbacks.send_callback = &State::on_write;
    callbacks.genmask_callback = &State::on_mask;
    callbacks.on_msg_recv_callback = &State::on_message;
    wslay_event_context* context = nullptr;
    const int made = role == WebSocketRole::client
                         ? wslay_event_context_client_init(&context, &callbacks, this)
                         : wslay_event_context_server_init(&context, &callbacks, this);
    PETREL_ASSERT(made == 0);
    context_.reset(context);
    wslay_event_config_set_max_recv_msg_length(context, max_message_bytes);
  }

  void handle_bytes(Bytes bytes) {
    if (over_) return;
    incoming_ = bytes;
    const int received = wslay_event_recv(context_.get());
    incoming_ = {};
    // wslay stops reading when the peer has said goodbye, of which on_message() has heard then, and when it
    // breaks the protocol; then it queues a close frame of its own.
    if (received != 0 || (!over_ && wslay_event_get_read_enabled(context_.get()) == 0)) {
      fail(Errc::protocol_error);
    }
  }

  Result<void> send(std::uint8_t opcode, std::string_view payload) {
    if (over_ || closing_) return petrel::Errc::closed;
    if (output_.size() + wslay_event_get_queued_msg_length(context_.get()) + payload.size() >
        max_unsent_bytes) {
      return petrel::Errc::limit_reached;
    }
    const wslay_event_msg message{opcode, as_unsigned(as_bytes(payload)), payload.size()};
    if (wslay_event_queue_msg(context_.get(), &message) != 0) return petrel::Errc::closed;
    return {};
  }

  void close(std::uint16_t code, std::string_view reason) {
    if (over_ || closing_) return;
    flush();  // wslay sends a close frame before everything else that waits, and nothing after it.
    closing_ = true;
    reason = reason.substr(0, max_close_reason);
    static_cast<void>(
        wslay_event_queue_close(context_.get(), code, as_unsigned(as_bytes(reason)), reason.size()));
  }

  std::optional<std::string> poll_bytes() {
    flush();
    if (output_.empty()) return std::nullopt;
    return std::exchange(output_, {});
  }

  std::optional<Event> poll_event() {
    if (events_.empty()) return std::nullopt;
    std::optional<Event> event(std::move(events_.front()));
    events_.pop_front();
    return event;
  }

  bool done() const { return over_ && wslay_event_want_write(context_.get()) == 0 && output_.empty(); }

 private:
  void flush() {
    if (wslay_event_want_write(context_.get()) != 0 && wslay_event_send(context_.get()) != 0) {
      fail(Errc::protocol_error);
    }
  }

  static State& of(void* user_data) { return *static_cast<State*>(user_data); }

  static ssize_t on_read(wslay_event_context* context, std::uint8_t* out, std::size_t size, int,
                         void* user_data) {
    State& self = of(user_data);
    const Bytes taken = self.incoming_.first(std::min(size, self.incoming_.size()));
    if (taken.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::memcpy(out, taken.data(), taken.size());
    self.incoming_ = self.incoming_.subspan(taken.size());
    return static_cast<ssize_t>(taken.size());
  }

  static ssize_t on_write(wslay_event_context*, const std::uint8_t* data, std::size_t size, int,
                          void* user_data) {
    of(user_data).output_ += as_text(std::as_bytes(std::span(data, size)));
    return static_cast<ssize_t>(size);
  }

  static int on_mask(wslay_event_context*, std::uint8_t* out, std::size_t size, void* user_data) {
    of(user_data).random_.fill(std::as_writable_bytes(std::span(out, size)));
    return 0;
  }

  static void on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message, void* user_data) {
    std::string payload(as_text(std::as_bytes(std::span(message->msg, message->msg_length))));
    State& self = of(user_data);
    switch (message->opcode) {
      case WSLAY_TEXT_FRAME:
        return self.keep(WebSocketText{std::move(payload)});
      case WSLAY_BINARY_FRAME:
        return self.keep(WebSocketBinary{std::move(payload)});
      case WSLAY_PONG:
        return self.keep(WebSocketPong{std::move(payload)});
      case WSLAY_CONNECTION_CLOSE:
        if (payload.size() == 1)
          return self.fail(Errc::protocol_error);  // RFC 6455 5.5.1: none, or two and more.
        // wslay gives 0 for a close frame without a code; the first two bytes of the payload are the code.
        self.keep(WebSocketClosed{message->status_code == 0 ? close_no_status : message->status_code,
                                  payload.size() > 2 ? payload.substr(2) : std::string()});
        self.over_ = true;
        return;
      default:  // A ping, which wslay has answered.
        return;
    }
  }

  void keep(Event event) {
    if (over_) return;
    if (events_.size() >= max_unread_events) return fail(Errc::protocol_error);
    events_.push_back(std::move(event));
  }

  void fail(Errc error) {
    if (over_) return;
    over_ = true;
    events_.push_back(WebSocketFailed{make_error_code(error)});
  }

  RandomSource& random_;
  std::unique_ptr<wslay_event_context, FreeContext> context_;
  Bytes incoming_;  // For the time of handle_bytes().
  std::string output_;
  std::deque<Event> events_;
  bool closing_ = false;
  bool over_ = false;
};

WebSocket::WebSocket(WebSocketRole role, RandomSource& random, std::size_t max_message_bytes)
    : state_(std::make_unique<State>(role, random, max_message_bytes)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

void WebSocket::handle_bytes(Bytes bytes) { state_->handle_bytes(bytes); }
Result<void> WebSocket::send_text(std::string_view text) { return state_->send(WSLAY_TEXT_FRAME, text); }
Result<void> WebSocket::send_ping(std::string_view payload) {
  if (payload.size() > max_control_payload) return petrel::Errc::too_long;
  return state_->send(WSLAY_PING, payload);
}
void WebSocket::close(std::uint16_t code, std::string_view reason) { state_->close(code, reason); }
std::optional<std::string> WebSocket::poll_bytes() { return state_->poll_bytes(); }
std::optional<WebSocket::Event> WebSocket::poll_event() { return state_->poll_event(); }
bool WebSocket::done() const { return state_->done(); }

}  // namespace petrel::inline v0::web
