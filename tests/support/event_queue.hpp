#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/time.hpp"

namespace petrel::inline v0::testing {

/// Things that will happen, in the order of their time; things of one instant in the
/// order in which they were added. Holds move-only items.
template <class Item>
class EventQueue {
 public:
  void push(TimePoint time, Item item) {
    heap_.push_back({time, pushed_++, std::move(item)});
    std::ranges::push_heap(heap_, later);
  }

  std::optional<TimePoint> next_time() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().time;
  }

  /// The first item. There must be one.
  Item pop() {
    std::ranges::pop_heap(heap_, later);
    Item item = std::move(heap_.back().item);
    heap_.pop_back();
    return item;
  }

 private:
  struct Entry {
    TimePoint time;
    std::uint64_t order;
    Item item;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }

  std::vector<Entry> heap_;
  std::uint64_t pushed_ = 0;
};

}  // namespace petrel::inline v0::testing
