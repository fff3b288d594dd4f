#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/time.hpp"

namespace petrel::inline v0::sim {

/// Things that will happen, in the order of their time; things of one instant in the
/// order in which they were added. Holds move-only items, which stay where they are while
/// the queue sorts itself.
template <class Item>
class EventQueue {
 public:
  void push(TimePoint time, Item item) {
    std::size_t slot = items_.size();
    if (free_.empty()) {
      items_.push_back(std::move(item));
    } else {
      slot = free_.back();
      free_.pop_back();
      items_[slot] = std::move(item);
    }
    heap_.push_back({time, pushed_++, slot});
    std::ranges::push_heap(heap_, later);
  }

  std::optional<TimePoint> next_time() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().time;
  }

  /// The first item. There must be one.
  Item pop() {
    std::ranges::pop_heap(heap_, later);
    const std::size_t slot = heap_.back().slot;
    heap_.pop_back();
    free_.push_back(slot);
    return std::move(items_[slot]);
  }

 private:
  struct Entry {
    TimePoint time;
    std::uint64_t order;
    std::size_t slot;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }

  std::vector<Entry> heap_;
  std::vector<Item> items_;
  std::vector<std::size_t> free_;
  std::uint64_t pushed_ = 0;
};

}  // namespace petrel::inline v0::sim
