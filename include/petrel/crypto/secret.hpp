#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "petrel/base/assert.hpp"
#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::crypto {

/// Overwrites memory in a way that the optimiser may not drop.
PETREL_API void cleanse(std::span<std::byte> memory);

/// A short key or salt, overwritten when it is destroyed, moved from or replaced.
///
/// It has no conversion to text, so that it cannot get into a log by accident.
class Secret {
 public:
  static constexpr std::size_t max_size = 64;  // HMAC-SHA-256 block; the longest SRTP key has 32 bytes.

  Secret() = default;
  /// A copy of `content`, of at most max_size bytes.
  explicit Secret(Bytes content) : size_(content.size()) {
    PETREL_ASSERT(content.size() <= max_size);
    std::ranges::copy(content, content_.begin());
  }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&& other) noexcept : content_(other.content_), size_(other.size_) { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      content_ = other.content_;
      size_ = other.size_;
      other.clear();
    }
    return *this;
  }
  ~Secret() { clear(); }

  Bytes bytes() const { return Bytes(content_).first(size_); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void clear() {
    cleanse(content_);
    size_ = 0;
  }

 private:
  std::array<std::byte, max_size> content_{};
  std::size_t size_ = 0;
};

}  // namespace petrel::inline v0::crypto
