#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::rtp::h264 {

/// nal_unit_type, H.264 table 7-1, and what RFC 6184 5.2 adds to it for packets.
enum class NalType : std::uint8_t {
  slice = 1,
  partition_a = 2,
  idr_slice = 5,
  sei = 6,
  sps = 7,
  pps = 8,
  access_unit_delimiter = 9,
  end_of_sequence = 10,
  end_of_stream = 11,
  filler = 12,
  stap_a = 24,
  stap_b = 25,
  mtap16 = 26,
  mtap24 = 27,
  fu_a = 28,
  fu_b = 29,
};

/// Of the first byte of a NAL unit, or of a payload. Any of 0 to 31, named above or not.
constexpr NalType nal_type(std::byte header) {
  return static_cast<NalType>(std::to_integer<std::uint8_t>(header & std::byte{0x1f}));
}

/// nal_ref_idc is not 0: other pictures, or the decoder, depend on it.
constexpr bool is_reference(std::byte header) { return (header & std::byte{0x60}) != std::byte{0}; }

/// A slice, or its data partition A: something that belongs to a picture.
constexpr bool is_picture_data(NalType type) {
  return type == NalType::slice || type == NalType::partition_a || type == NalType::idr_slice;
}

/// Goes through the NAL units of a byte stream, H.264 Annex B. Borrows the stream.
///
/// Start codes of three and four bytes; zeros after a NAL unit belong to no NAL unit. Bytes before
/// the first start code are skipped. A stream without a start code has no NAL units.
class PETREL_API NalReader {
 public:
  explicit NalReader(Bytes stream);

  /// The next NAL unit, header byte included, start code not; nullopt at the end. Never empty: NAL units
  /// of no bytes are skipped and counted.
  std::optional<Bytes> next();

  std::size_t empty_units() const { return empty_units_; }

 private:
  Bytes rest_;  ///< Begins behind a start code.
  bool at_end_ = false;
  std::size_t empty_units_ = 0;
};

}  // namespace petrel::inline v0::rtp::h264
