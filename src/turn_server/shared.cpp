#include "turn_server/shared.hpp"

#include <chrono>

namespace petrel::inline v0::turn_server {
namespace {

template <class T>
std::optional<T> take(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<T> first(std::move(queue.front()));
  queue.pop_front();
  return first;
}

}  // namespace

Shared::Shared(TimePoint now, ServerConfig config, RandomSource& random)
    : config_(std::move(config)),
      random_(random),
      logger_{config_.log, "turn_server", {}},
      now_(now),
      wall_clock_set_at_(now),
      wall_clock_(config_.unix_time) {}

std::int64_t Shared::unix_time() const {
  return wall_clock_ + std::chrono::floor<std::chrono::seconds>(now_ - wall_clock_set_at_).count();
}

void Shared::set_unix_time(std::int64_t seconds) {
  wall_clock_ = seconds;
  wall_clock_set_at_ = now_;
}

std::optional<Transmit> Shared::poll_transmit() { return take(transmits_); }
std::optional<IoRequest> Shared::poll_request() { return take(requests_); }
std::optional<Event> Shared::poll_event() { return take(events_); }

}  // namespace petrel::inline v0::turn_server
