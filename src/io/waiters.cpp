#include "io/waiters.hpp"

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>

namespace petrel::inline v0::io {

Waiters::Waiters(const asio::any_io_executor& executor)
    : timer_(std::in_place, executor, asio::steady_timer::time_point::max()) {}

void Waiters::wake() {
  if (timer_ && waiting_ > 0) timer_->cancel();
}

void Waiters::let_go() { timer_.reset(); }

asio::awaitable<void> Waiters::wait(std::shared_ptr<const void> /*owner*/) {
  if (!timer_) co_return;
  ++waiting_;
  struct Waiting {
    int& count;
    ~Waiting() { --count; }
  } const waiting{waiting_};
  std::error_code woken;
  co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    throw std::system_error(make_error_code(asio::error::operation_aborted));
  }
}

}  // namespace petrel::inline v0::io
