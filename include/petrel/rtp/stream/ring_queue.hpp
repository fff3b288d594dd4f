#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::rtp {

/// A first-in first-out queue in one block of memory.
///
/// std::deque takes and returns a block every few elements while it moves; this one
/// allocates only when it grows beyond its longest so far, so that a packet that
/// passes through costs no allocation. T is default constructible and movable.
template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }

  /// The element `index` places behind the front.
  T& operator[](std::size_t index) {
    PETREL_ASSERT(index < size_);
    return slots_[(begin_ + index) & (slots_.size() - 1)];
  }
  const T& operator[](std::size_t index) const {
    PETREL_ASSERT(index < size_);
    return slots_[(begin_ + index) & (slots_.size() - 1)];
  }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[(begin_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }
  T pop_front() {
    // The slot is emptied, so that it holds no memory or reference of what has left.
    T value = std::exchange(front(), T{});
    begin_ = (begin_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  /// Removes every element that `condition` holds for; the others keep their order.
  template <class Condition>
  std::size_t remove_if(Condition condition) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (condition((*this)[i])) continue;
      if (kept != i) (*this)[kept] = std::move((*this)[i]);
      ++kept;
    }
    const std::size_t removed = size_ - kept;
    for (std::size_t i = kept; i < size_; ++i) (*this)[i] = T{};
    size_ = kept;
    return removed;
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 16
                                         : slots_.size() * 2);  // A power of two: indices wrap by a mask.
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    begin_ = 0;
  }

  std::vector<T> slots_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace petrel::inline v0::rtp
