#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "io/waiters.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::io {

/// The events of one object for its owner, by a callback or by next(). Those that nobody reads are bounded:
/// the oldest goes.
template <class Event>
class EventStream {
 public:
  EventStream(const asio::any_io_executor& executor, std::size_t limit) : waiters_(executor), limit_(limit) {}

  void push(Event event) {
    if (events_.size() == limit_) events_.pop_front();
    events_.push_back(std::move(event));
  }

  void set_callback(std::function<void(const Event&)> callback) {
    callback_ = std::make_shared<std::function<void(const Event&)>>(std::move(callback));
  }
  /// Something waits for deliver(), which the loop is to call soon.
  bool due() const { return callback_ && !events_.empty(); }
  /// From the loop only, never from inside a call of the owner's. The callback may end everything: it goes on
  /// while `alive`.
  template <class Alive>
  void deliver(Alive alive) {
    while (alive() && due()) {
      const Event event = std::move(events_.front());
      events_.pop_front();
      if (const auto callback = callback_; *callback) (*callback)(event);
    }
  }

  /// To be called when there are new events, or there will be no more.
  void wake() { waiters_.wake(); }
  /// Ends next(), and forgets the callback.
  void let_go() {
    callback_.reset();
    waiters_.let_go();
  }

  /// The next event; nullopt when there is none and `over`. `owner` is what this is a part of. Throws
  /// std::system_error with Errc::wrong_state where there is a callback, and with Errc::busy while another
  /// waits.
  asio::awaitable<std::optional<Event>> next(std::shared_ptr<const void> owner, std::function<bool()> over) {
    if (callback_) throw std::system_error(make_error_code(Errc::wrong_state));
    if (awaited_) throw std::system_error(make_error_code(Errc::busy));
    awaited_ = true;
    struct Awaiting {
      bool& flag;
      ~Awaiting() { flag = false; }
    } const awaiting{awaited_};
    for (;;) {
      if (!events_.empty()) {
        std::optional<Event> event(std::move(events_.front()));
        events_.pop_front();
        co_return event;
      }
      if (over()) co_return std::nullopt;
      co_await waiters_.wait(owner);
    }
  }

 private:
  Waiters waiters_;
  std::size_t limit_;
  std::deque<Event> events_;
  // Shared with a call of it, in which it may be replaced.
  std::shared_ptr<std::function<void(const Event&)>> callback_;
  bool awaited_ = false;
};

}  // namespace petrel::inline v0::io
