#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/payload/format.hpp"

namespace petrel::inline v0 {

struct FrameInfo {
  TimePoint capture_time{};
  bool key_frame = false;
  /// On the clock of the codec. Of a frame to send: nullopt, and it is made from `capture_time`. Of a
  /// received frame: what its packets said.
  std::optional<std::uint32_t> rtp_timestamp{};
};

/// One encoded frame: an access unit of H.264 in Annex B form, a VP8 frame, an Opus packet.
///
/// Immutable and shared: an encoder's frame goes to all viewers without being copied, and the
/// packets' payloads are cut once, on first use, for all viewers with the same payload size.
/// Because of that first use a frame belongs to one executor at a time, as do all copies of
/// its pointer; for viewers on several threads make one frame per thread.
class PETREL_API EncodedFrame {
 public:
  /// Copies the bytes.
  static std::shared_ptr<const EncodedFrame> make(Bytes bytes, FrameInfo info);
  /// Takes the bytes over.
  static std::shared_ptr<const EncodedFrame> make(std::vector<std::byte>&& bytes, FrameInfo info);

  Bytes bytes() const { return bytes_; }
  TimePoint capture_time() const { return info_.capture_time; }
  bool key_frame() const { return info_.key_frame; }
  std::optional<std::uint32_t> rtp_timestamp() const { return info_.rtp_timestamp; }

  /// The payloads of this frame's packets, none above `max_payload` bytes. Valid as long as the frame.
  ///
  /// The size is rounded down to a multiple of 16, and held to what a PacketBuffer takes, so that
  /// viewers whose headers differ by a few bytes share slices, and their number has a bound.
  /// Errors as rtp::packetize().
  Result<std::span<const rtp::PayloadSlice>> slices(rtp::PayloadFormat format, std::size_t max_payload) const;

  struct Private {};  ///< Only make() makes frames, in one block with their count of references.
  EncodedFrame(Private, std::vector<std::byte>&& bytes, FrameInfo info)
      : bytes_(std::move(bytes)), info_(info) {}
  EncodedFrame(const EncodedFrame&) = delete;
  EncodedFrame& operator=(const EncodedFrame&) = delete;

 private:
  struct Cut {
    rtp::PayloadFormat format;
    std::size_t max_payload;
    std::vector<rtp::PayloadSlice> slices;
  };

  std::vector<std::byte> bytes_;
  FrameInfo info_;
  mutable std::forward_list<Cut> cuts_;  ///< A list, since spans into it are out there.
};

}  // namespace petrel::inline v0
