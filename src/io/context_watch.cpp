#include "io/context_watch.hpp"

#include <utility>

namespace petrel::inline v0::io {

asio::execution_context::id ContextWatch::id;

ContextWatch& ContextWatch::of(const asio::any_io_executor& executor) {
  return asio::use_service<ContextWatch>(asio::query(executor, asio::execution::context));
}

void ContextWatch::add(std::weak_ptr<ContextUser> user) {
  std::erase_if(users_, [](const auto& each) { return each.expired(); });
  users_.push_back(std::move(user));
}

void ContextWatch::shutdown() {
  // Services shut down in the reverse order of their creation, so Asio's own, which our
  // users made use of before they came here, are still up.
  for (const auto& each : std::exchange(users_, {})) {
    if (const auto user = each.lock()) user->on_context_gone();
  }
}

}  // namespace petrel::inline v0::io
