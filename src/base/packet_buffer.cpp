#include "petrel/base/packet_buffer.hpp"

#include <cstring>
#include <vector>

namespace petrel::inline v0 {
namespace {

constexpr std::size_t block_size = PacketBuffer::headroom + PacketBuffer::capacity + PacketBuffer::tailroom;

// 1 MiB for one thread: more packets in flight than two full socket batches, few
// enough to forget about.
constexpr std::size_t max_free_blocks = 600;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keep_blocks = false;  // A recycled block would hide a use after free.
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool keep_blocks = false;
#else
constexpr bool keep_blocks = true;
#endif
#else
constexpr bool keep_blocks = true;
#endif

struct FreeList {
  std::vector<std::byte*> blocks;

  FreeList() { blocks.reserve(max_free_blocks); }
  ~FreeList() {
    for (std::byte* block : blocks) delete[] block;
    gone() = true;
  }

  // Packets may outlive the list: objects with static storage are destroyed after thread-local ones.
  static bool& gone() {
    thread_local bool value = false;
    return value;
  }
  static FreeList& of_thread() {
    thread_local FreeList list;
    return list;
  }
};

std::byte* take_block() {
  if (keep_blocks && !FreeList::gone()) {
    auto& blocks = FreeList::of_thread().blocks;
    if (!blocks.empty()) {
      std::byte* block = blocks.back();
      blocks.pop_back();
      return block;
    }
  }
  return new std::byte[block_size];
}

}  // namespace

PacketBuffer::PacketBuffer() : block_(take_block()) {}

Result<PacketBuffer> PacketBuffer::copy_of(Bytes content) {
  if (content.size() > capacity) return Errc::too_long;
  PacketBuffer packet;
  packet.resize(content.size());
  if (!content.empty()) std::memcpy(packet.data(), content.data(), content.size());
  return packet;
}

void PacketBuffer::ReturnToPool::operator()(std::byte* block) const noexcept {
  if (keep_blocks && !FreeList::gone()) {
    auto& blocks = FreeList::of_thread().blocks;
    if (blocks.size() < max_free_blocks) {
      blocks.push_back(block);
      return;
    }
  }
  delete[] block;
}

}  // namespace petrel::inline v0
