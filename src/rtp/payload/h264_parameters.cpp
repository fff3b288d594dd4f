#include "petrel/rtp/payload/h264_parameters.hpp"

#include <algorithm>
#include <array>

#include "petrel/rtp/errc.hpp"
#include "rtp/payload/bit_reader.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

constexpr std::uint32_t max_sps_id = 31;              // 7.4.2.1.1
constexpr std::uint32_t max_pps_id = 255;             // 7.4.2.2
constexpr std::uint32_t max_log2_minus_4 = 12;        // 7.4.2.1.1, of frame number and picture order count
constexpr std::uint32_t max_order_count_cycle = 255;  // 7.4.2.1.1
constexpr std::uint32_t max_cpb_count_minus_1 = 31;   // E.2.2
constexpr std::uint32_t max_bit_depth_minus_8 = 6;    // 7.4.2.1.1
constexpr std::uint32_t max_size_in_macroblocks =
    1024;  // 16,384 pixels; level 6.2 ends at 1,055, of which none is seen.
constexpr std::uint8_t extended_sample_aspect_ratio = 255;
constexpr std::uint8_t baseline_profile = 66;
constexpr std::uint8_t constraint_set3 = 0x10;

/// 7.3.2.1.1: the profiles whose SPS says more about colour.
bool has_chroma_format(std::uint8_t profile) {
  constexpr std::array<std::uint8_t, 13> profiles{100, 110, 122, 244, 44,  83, 86,
                                                  118, 128, 138, 139, 134, 135};
  return std::ranges::find(profiles, profile) != profiles.end();
}

void skip_scaling_list(BitReader& reader, int size) {
  std::int64_t last = 8;
  std::int64_t next = 8;
  for (int i = 0; i < size && reader.ok(); ++i) {
    if (next != 0) next = (last + reader.signed_exp_golomb() + 256) % 256;
    if (next != 0) last = next;
  }
}

struct Colour {
  std::uint32_t chroma_format = 1;  // 4:2:0, where the SPS does not say.
  bool separate_planes = false;
};

/// False for what the standard forbids.
bool read_colour(BitReader& reader, Colour& colour) {
  colour.chroma_format = reader.exp_golomb();
  if (colour.chroma_format > 3) return false;
  if (colour.chroma_format == 3) colour.separate_planes = reader.flag();
  if (reader.exp_golomb() > max_bit_depth_minus_8 || reader.exp_golomb() > max_bit_depth_minus_8)
    return false;
  reader.skip(1);  // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    const int lists = colour.chroma_format == 3 ? 12 : 8;
    for (int i = 0; i < lists; ++i) {
      if (reader.flag()) skip_scaling_list(reader, i < 6 ? 16 : 64);
    }
  }
  return true;
}

bool read_order_count(BitReader& reader, SequenceParameters& sps) {
  sps.pic_order_cnt_type = reader.exp_golomb();
  if (sps.pic_order_cnt_type > 2) return false;
  if (sps.pic_order_cnt_type == 0) return reader.exp_golomb() <= max_log2_minus_4;
  if (sps.pic_order_cnt_type == 1) {
    reader.skip(1);
    reader.signed_exp_golomb();
    reader.signed_exp_golomb();
    const std::uint32_t cycle = reader.exp_golomb();
    if (cycle > max_order_count_cycle) return false;
    for (std::uint32_t i = 0; i < cycle; ++i) reader.signed_exp_golomb();
  }
  return true;
}

/// 7.4.2.1.1: the picture in macroblocks, less what is cropped, in units that depend on the colour format.
bool read_size(BitReader& reader, const Colour& colour, SequenceParameters& sps) {
  const std::uint64_t columns = std::uint64_t{reader.exp_golomb()} + 1;
  const std::uint64_t map_rows = std::uint64_t{reader.exp_golomb()} + 1;
  if (columns > max_size_in_macroblocks || map_rows > max_size_in_macroblocks) return false;
  sps.interlaced = !reader.flag();
  if (sps.interlaced) reader.skip(1);
  reader.skip(1);  // direct_8x8_inference_flag

  const std::uint64_t fields = sps.interlaced ? 2 : 1;
  std::uint64_t width = 16 * columns;
  std::uint64_t height = 16 * map_rows * fields;
  if (reader.flag()) {
    const bool halves_x = !colour.separate_planes && (colour.chroma_format == 1 || colour.chroma_format == 2);
    const bool halves_y = !colour.separate_planes && colour.chroma_format == 1;
    const std::uint64_t unit_x = halves_x ? 2 : 1;
    const std::uint64_t unit_y = (halves_y ? 2 : 1) * fields;
    const std::uint64_t left = reader.exp_golomb();
    const std::uint64_t right = reader.exp_golomb();
    const std::uint64_t top = reader.exp_golomb();
    const std::uint64_t bottom = reader.exp_golomb();
    if (unit_x * (left + right) >= width || unit_y * (top + bottom) >= height) return false;
    width -= unit_x * (left + right);
    height -= unit_y * (top + bottom);
  }
  sps.width = static_cast<std::uint32_t>(width);
  sps.height = static_cast<std::uint32_t>(height);
  return true;
}

/// E.1.2
bool skip_hrd(BitReader& reader) {
  const std::uint32_t count = reader.exp_golomb();
  if (count > max_cpb_count_minus_1) return false;
  reader.skip(4 + 4);
  for (std::uint32_t i = 0; i <= count; ++i) {
    reader.exp_golomb();
    reader.exp_golomb();
    reader.skip(1);
  }
  reader.skip(4 * 5);
  return true;
}

/// E.1.1
bool read_usability(BitReader& reader, SequenceParameters& sps) {
  if (reader.flag() && reader.bits(8) == extended_sample_aspect_ratio) reader.skip(16 + 16);
  if (reader.flag()) reader.skip(1);  // overscan
  if (reader.flag()) {                // video signal type
    reader.skip(3 + 1);
    if (reader.flag()) reader.skip(8 + 8 + 8);
  }
  if (reader.flag()) {  // chroma location
    reader.exp_golomb();
    reader.exp_golomb();
  }
  if (reader.flag()) {
    SequenceParameters::Timing timing;
    timing.units_in_tick = reader.bits(32);
    timing.time_scale = reader.bits(32);
    timing.fixed_rate = reader.flag();
    if (timing.units_in_tick > 0 && timing.time_scale > 0) sps.timing = timing;
  }
  const bool nal_hrd = reader.flag();
  if (nal_hrd && !skip_hrd(reader)) return false;
  const bool vcl_hrd = reader.flag();
  if (vcl_hrd && !skip_hrd(reader)) return false;
  if (nal_hrd || vcl_hrd) reader.skip(1);
  reader.skip(1);  // pic_struct_present_flag
  if (reader.flag()) {
    reader.skip(1);
    for (int i = 0; i < 4; ++i) reader.exp_golomb();
    sps.max_num_reorder_frames = reader.exp_golomb();
    reader.exp_golomb();
  }
  return true;
}

}  // namespace

bool SequenceParameters::may_reorder() const {
  if (pic_order_cnt_type == 2 || profile_idc == baseline_profile) return false;
  if (max_num_reorder_frames) return *max_num_reorder_frames > 0;
  // E.2.1: what is inferred for the profiles of intra pictures only.
  constexpr std::array<std::uint8_t, 6> with_intra_form{44, 86, 100, 110, 122, 244};
  const bool intra_only = (constraint_flags & constraint_set3) != 0 &&
                          std::ranges::find(with_intra_form, profile_idc) != with_intra_form.end();
  return !intra_only;
}

Result<SequenceParameters> parse_sequence_parameters(Bytes nal) {
  if (nal.empty()) return Errc::truncated;
  if (nal_type(nal[0]) != NalType::sps) return Errc::unsupported_payload;

  BitReader reader(nal.subspan(1));
  SequenceParameters sps;
  sps.profile_idc = static_cast<std::uint8_t>(reader.bits(8));
  sps.constraint_flags = static_cast<std::uint8_t>(reader.bits(8));
  sps.level_idc = static_cast<std::uint8_t>(reader.bits(8));
  sps.id = reader.exp_golomb();
  if (sps.id > max_sps_id) return Errc::malformed_bitstream;

  Colour colour;
  if (has_chroma_format(sps.profile_idc) && !read_colour(reader, colour)) return Errc::malformed_bitstream;
  sps.separate_colour_planes = colour.separate_planes;

  const std::uint32_t log2_minus_4 = reader.exp_golomb();
  if (log2_minus_4 > max_log2_minus_4) return Errc::malformed_bitstream;
  sps.log2_max_frame_num = static_cast<std::uint8_t>(log2_minus_4 + 4);
  if (!read_order_count(reader, sps)) return Errc::malformed_bitstream;
  reader.exp_golomb();  // max_num_ref_frames
  reader.skip(1);       // gaps_in_frame_num_value_allowed_flag
  if (!read_size(reader, colour, sps)) return Errc::malformed_bitstream;
  if (reader.flag() && !read_usability(reader, sps)) return Errc::malformed_bitstream;
  if (!reader.ok()) return Errc::truncated;
  return sps;
}

Result<SliceHeader> parse_slice_header(Bytes nal, const SequenceParameters* parameters) {
  if (nal.empty()) return Errc::truncated;
  if (!is_picture_data(nal_type(nal[0]))) return Errc::unsupported_payload;

  BitReader reader(nal.subspan(1));
  SliceHeader slice;
  slice.first_macroblock = reader.exp_golomb();
  const std::uint32_t type = reader.exp_golomb();
  slice.parameter_set = reader.exp_golomb();
  if (type > 9 || slice.parameter_set > max_pps_id) return Errc::malformed_bitstream;
  slice.type = static_cast<SliceType>(type % 5);  // 5 to 9 say that all slices of the picture are alike.
  if (parameters != nullptr) {
    if (parameters->separate_colour_planes) reader.skip(2);
    slice.frame_number = reader.bits(parameters->log2_max_frame_num);
  }
  if (!reader.ok()) return Errc::truncated;
  return slice;
}

}  // namespace petrel::inline v0::rtp::h264
