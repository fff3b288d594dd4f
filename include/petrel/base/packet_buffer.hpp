#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "petrel/base/assert.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/base/result.hpp"

namespace petrel::inline v0 {

/// One packet on its way through the layers, owned by whoever holds it.
///
/// Layers grow it in place, SRTP into the tailroom and TURN into the headroom, so
/// a packet is copied once, from the application. Blocks come from a small free
/// list of the thread, so that in steady state a packet costs no allocation; a
/// packet that moves to another thread is simply returned to that thread's list.
class PacketBuffer {
 public:
  static constexpr std::size_t headroom = 64;  // TURN Send indication to an IPv6 peer: 20 + 24 + 4
  static constexpr std::size_t capacity = 1500;
  static constexpr std::size_t tailroom = 160;  // libsrtp wants SRTP_MAX_TRAILER_LEN + 4 = 148

  /// An empty packet, to be filled by resize() and data().
  PETREL_API PacketBuffer();

  /// A copy of `content`; Errc::too_long over `capacity`. Sizes that a peer or a user chose come through
  /// here.
  PETREL_API static Result<PacketBuffer> copy_of(Bytes content);

  PacketBuffer(PacketBuffer&&) noexcept = default;
  PacketBuffer& operator=(PacketBuffer&&) noexcept = default;

  std::byte* data() { return block_.get() + begin_; }
  const std::byte* data() const { return block_.get() + begin_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {block_.get() + begin_, size_}; }
  std::span<std::byte> writable() { return {block_.get() + begin_, size_}; }

  /// How far resize() can go from here.
  std::size_t max_size() const { return headroom + capacity + tailroom - begin_; }

  std::byte* grow_front(std::size_t count) {
    PETREL_ASSERT(count <= begin_);
    begin_ -= count;
    size_ += count;
    return data();
  }
  void resize(std::size_t size) {
    PETREL_ASSERT(size <= max_size());
    size_ = size;
  }
  void drop_front(std::size_t count) {
    PETREL_ASSERT(count <= size_);
    begin_ += count;
    size_ -= count;
  }

 private:
  struct ReturnToPool {
    PETREL_API void operator()(std::byte* block) const noexcept;
  };

  std::unique_ptr<std::byte[], ReturnToPool> block_;
  std::size_t begin_ = headroom;
  std::size_t size_ = 0;
};

}  // namespace petrel::inline v0
