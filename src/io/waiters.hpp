#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>

namespace petrel::inline v0::io {

/// The coroutines that wait for an object of an executor to change. Each looks at it, waits here if it is not
/// as it wants it, and looks again when woken: what has woken them may concern another one.
class Waiters {
 public:
  explicit Waiters(const asio::any_io_executor& executor);

  void wake();
  /// Wakes all for the last time; wait() returns at once from here on. To be called before the executor's
  /// context goes, which Asio's objects must not outlive.
  void let_go();

  /// Until wake(). `owner` keeps alive meanwhile what this is a part of. Throws std::system_error with
  /// operation_aborted when the coroutine is cancelled.
  asio::awaitable<void> wait(std::shared_ptr<const void> owner);

 private:
  std::optional<asio::steady_timer> timer_;  // Never expires: its cancellation is what wakes.
  int waiting_ = 0;
};

}  // namespace petrel::inline v0::io
