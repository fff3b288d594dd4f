#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace petrel::inline v0::turn {

/// What waits to be polled, first in, first out.
///
/// Unlike std::deque it keeps its memory, so that a packet which passes through costs no allocation.
template <class T>
class OutputQueue {
 public:
  std::size_t size() const { return items_.size() - begin_; }
  bool empty() const { return size() == 0; }

  void push(T item) {
    // Somebody who never takes the last one must not make it grow for ever.
    if (begin_ > size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
    items_.push_back(std::move(item));
  }
  std::optional<T> pop() {
    if (empty()) return std::nullopt;
    std::optional<T> item(std::move(items_[begin_++]));
    if (empty()) clear();
    return item;
  }
  void clear() {
    items_.clear();
    begin_ = 0;
  }

 private:
  std::vector<T> items_;
  std::size_t begin_ = 0;
};

}  // namespace petrel::inline v0::turn
