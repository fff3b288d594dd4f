#include "petrel/rtp/frame.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::size_t size_step = 16;  // Above the few bytes by which header extensions differ.

}  // namespace

std::shared_ptr<const EncodedFrame> EncodedFrame::make(Bytes bytes, FrameInfo info) {
  return make(std::vector<std::byte>(bytes.begin(), bytes.end()), info);
}

std::shared_ptr<const EncodedFrame> EncodedFrame::make(std::vector<std::byte>&& bytes, FrameInfo info) {
  return std::make_shared<const EncodedFrame>(Private{}, std::move(bytes), info);
}

Result<std::span<const rtp::PayloadSlice>> EncodedFrame::slices(rtp::PayloadFormat format,
                                                                std::size_t max_payload) const {
  const std::size_t size =
      std::min(max_payload, PacketBuffer::capacity - rtp::fixed_header_size) / size_step * size_step;
  for (const Cut& cut : cuts_) {
    if (cut.format == format && cut.max_payload == size)
      return std::span<const rtp::PayloadSlice>(cut.slices);
  }
  auto slices = rtp::packetize(format, bytes_, size);
  if (!slices) return slices.error();
  cuts_.push_front({format, size, *std::move(slices)});
  return std::span<const rtp::PayloadSlice>(cuts_.front().slices);
}

}  // namespace petrel::inline v0
