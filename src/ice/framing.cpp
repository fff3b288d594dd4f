#include "ice/framing.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {
namespace {

std::size_t length_of(Bytes frame) { return ByteReader(frame).u16(); }

Bytes take(Bytes& input, std::size_t wanted) {
  const Bytes taken = input.first(std::min(wanted, input.size()));
  input = input.subspan(taken.size());
  return taken;
}

}  // namespace

PacketBuffer to_frame(PacketBuffer payload) {
  const std::size_t length = payload.size();
  std::byte* header = payload.grow_front(frame_header_bytes);
  header[0] = static_cast<std::byte>(length >> 8);
  header[1] = static_cast<std::byte>(length & 0xff);
  return payload;
}

std::optional<Bytes> Deframer::next(Bytes& input) {
  for (;;) {
    if (std::exchange(whole_, false)) unfinished_.clear();
    skipping_ -= take(input, skipping_).size();
    if (skipping_ > 0) return std::nullopt;

    // A frame that lies in the input as a whole, which is most of them, is not copied.
    if (unfinished_.empty() && input.size() >= frame_header_bytes) {
      const std::size_t length = length_of(input);
      if (length <= max_frame_bytes && input.size() >= frame_header_bytes + length) {
        const Bytes frame = take(input, frame_header_bytes + length);
        if (length == 0) continue;
        return frame.subspan(frame_header_bytes);
      }
    }
    const auto complete = [&](std::size_t size) {
      const Bytes more = take(input, size - unfinished_.size());
      unfinished_.insert(unfinished_.end(), more.begin(), more.end());
      return unfinished_.size() == size;
    };
    if (unfinished_.size() < frame_header_bytes && !complete(frame_header_bytes)) return std::nullopt;
    const std::size_t length = length_of(unfinished_);
    if (length > max_frame_bytes) {
      ++oversized_;
      skipping_ = length;
      unfinished_.clear();
      continue;
    }
    if (!complete(frame_header_bytes + length)) return std::nullopt;
    whole_ = true;
    if (length > 0) return Bytes(unfinished_).subspan(frame_header_bytes);
  }
}

}  // namespace petrel::inline v0::ice
