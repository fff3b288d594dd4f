#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0 {

/// A first-in first-out queue in one block of memory.
///
/// std::deque takes and returns a block every few elements while it moves; this one
/// allocates only when it grows beyond its longest so far, so that a packet that
/// passes through costs no allocation. Slots without an element hold nothing of what
/// has left. T is movable. Pointers and references hold until the queue next changes.
template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  /// The element `index` places behind the front.
  T& operator[](std::size_t index) {
    PETREL_ASSERT(index < size_);
    return *slot(index);
  }
  const T& operator[](std::size_t index) const {
    PETREL_ASSERT(index < size_);
    return *slots_[(begin_ + index) & (slots_.size() - 1)];
  }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slot(size_).emplace(std::move(value));
    ++size_;
  }
  T pop_front() {
    T value = std::move(front());
    slot(0).reset();
    begin_ = (begin_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  /// pop_front() for those who poll: nullopt if there is nothing.
  std::optional<T> take() {
    if (empty()) return std::nullopt;
    return pop_front();
  }
  /// The first element that `condition` holds for, or nullptr.
  template <class Condition>
  T* find_if(Condition condition) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (condition(std::as_const((*this)[i]))) return &(*this)[i];
    }
    return nullptr;
  }
  /// Removes every element that `condition`, asked from the front on, holds for; the others keep their order.
  template <class Condition>
  std::size_t remove_if(Condition condition) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (condition(std::as_const((*this)[i]))) continue;
      if (kept != i) (*this)[kept] = std::move((*this)[i]);
      ++kept;
    }
    const std::size_t removed = size_ - kept;
    for (std::size_t i = kept; i < size_; ++i) slot(i).reset();
    size_ = kept;
    return removed;
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  std::optional<T>& slot(std::size_t index) { return slots_[(begin_ + index) & (slots_.size() - 1)]; }

  void grow() {
    // A power of two: indices wrap by a mask.
    std::vector<std::optional<T>> larger(slots_.empty() ? 16 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slot(i));
    slots_ = std::move(larger);
    begin_ = 0;
  }

  std::vector<std::optional<T>> slots_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace petrel::inline v0
