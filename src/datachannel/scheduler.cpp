#include "datachannel/scheduler.hpp"

#include <algorithm>

namespace petrel::inline v0::datachannel {
namespace {

// Bytes are scaled before they are divided by weights, of which the largest is 1024.
constexpr std::uint64_t scale = 1024;

}  // namespace

void Scheduler::enter(Turn& turn) {
  if (turn.waiting) return;
  turn.waiting = true;
  turn.start = std::max(turn.start, now_);
  waiting_.push_back(&turn);
}

void Scheduler::leave(Turn& turn) {
  if (!turn.waiting) return;
  turn.waiting = false;
  std::erase(waiting_, &turn);
}

Turn* Scheduler::next() {
  const auto first = std::ranges::min_element(waiting_, {}, &Turn::start);
  if (first == waiting_.end()) return nullptr;
  now_ = (*first)->start;
  return *first;
}

void Scheduler::charge(Turn& turn, std::size_t bytes) {
  turn.start += bytes * scale / std::max<std::uint16_t>(turn.weight, 1);
}

}  // namespace petrel::inline v0::datachannel
