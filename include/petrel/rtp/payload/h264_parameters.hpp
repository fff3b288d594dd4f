#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"

namespace petrel::inline v0::rtp::h264 {

/// The part of a sequence parameter set (H.264 7.3.2.1.1, Annex E) that transport and negotiation need.
struct SequenceParameters {
  std::uint8_t profile_idc = 0;
  std::uint8_t constraint_flags =
      0;  ///< constraint_set0_flag in the highest bit: profile-iop of RFC 6184 8.1.
  std::uint8_t level_idc = 0;
  std::uint32_t id = 0;
  std::uint32_t width = 0;  ///< In pixels, cropped.
  std::uint32_t height = 0;
  std::uint8_t log2_max_frame_num = 4;
  bool separate_colour_planes = false;
  bool interlaced = false;  ///< frame_mbs_only_flag is 0.

  struct Timing {
    std::uint32_t units_in_tick = 0;
    std::uint32_t time_scale = 0;
    bool fixed_rate = false;
    /// E.2.1: a tick is a field, and a frame has two.
    double frames_per_second() const { return time_scale / (2.0 * units_in_tick); }
  };
  std::optional<Timing> timing;  ///< Only with both numbers above 0.

  std::uint32_t pic_order_cnt_type = 0;
  std::optional<std::uint32_t> max_num_reorder_frames;

  /// Whether frames may leave the decoder in another order than they enter it, as with B-frames. True where
  /// the stream does not promise otherwise: by pic_order_cnt_type 2 (8.2.1.3), by max_num_reorder_frames 0
  /// (E.2.1), or by a profile without B slices (Baseline, A.2.1).
  bool may_reorder() const;
};

/// `nal` with its header byte. rtp::Errc::truncated, or malformed_bitstream for a value that the
/// standard forbids.
PETREL_API Result<SequenceParameters> parse_sequence_parameters(Bytes nal);

enum class SliceType : std::uint8_t { p, b, i, sp, si };  // H.264 table 7-6

/// The first fields of a slice header, H.264 7.3.3.
struct SliceHeader {
  std::uint32_t first_macroblock = 0;  ///< 0: the slice begins a picture.
  SliceType type = SliceType::p;
  std::uint32_t parameter_set = 0;            ///< The picture parameter set.
  std::optional<std::uint32_t> frame_number;  ///< Modulo a power of two that the SPS gives.
};

/// `nal` is a slice with its header byte. Without `parameters` the frame number is not read.
/// Errors as above; unsupported_payload for a NAL unit that is no slice.
PETREL_API Result<SliceHeader> parse_slice_header(Bytes nal, const SequenceParameters* parameters = nullptr);

}  // namespace petrel::inline v0::rtp::h264
