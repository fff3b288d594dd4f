#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {

/// The payload of one packet of a frame: a few bytes of payload header, and stretches of the frame.
///
/// Slices are the same for every viewer, so they are cut once per frame and size and copied
/// into each viewer's packets. Borrows the frame.
class PETREL_API PayloadSlice {
 public:
  // An aggregation packet carries SPS, PPS, an SEI and one more; the next NAL unit goes into the next packet.
  static constexpr std::size_t max_parts = 4;
  static constexpr std::size_t max_prefix = 4;  // STAP-A header and the size of its first NAL unit take 3.

  struct Part {
    std::array<std::byte, max_prefix> prefix{};
    std::uint8_t prefix_size = 0;
    Bytes body;
  };

  /// `prefix` is at most `max_prefix` bytes; at most `max_parts` parts.
  void add(Bytes prefix, Bytes body);
  void set_marker(bool marker) { marker_ = marker; }

  std::size_t size() const { return size_; }
  /// RTP's marker: this is the last packet of the frame.
  bool marker() const { return marker_; }
  std::span<const Part> parts() const { return std::span(parts_).first(part_count_); }

  /// Writes size() bytes to the front of `out`, which has room for them.
  void copy_to(std::span<std::byte> out) const;

 private:
  std::array<Part, max_parts> parts_{};
  std::size_t part_count_ = 0;
  std::size_t size_ = 0;
  bool marker_ = false;
};

/// A packet with this payload. The header's marker is taken from the header, not from the slice.
/// Errors as begin_packet().
PETREL_API Result<PacketBuffer> write_packet(const PacketHeader& header, const ExtensionBlock& extensions,
                                             const PayloadSlice& slice);

}  // namespace petrel::inline v0::rtp
