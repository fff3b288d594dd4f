#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "petrel/rtp/payload/h264_parameters.hpp"

namespace petrel::inline v0::rtp::h264 {

/// A picture with what belongs to it, in Annex B form.
struct AccessUnit {
  std::vector<std::byte> bytes;
  bool key_frame = false;       ///< Has an IDR slice.
  bool has_b_slices = false;    ///< Some decoders and all low-delay paths want none.
  bool has_parameters = false;  ///< Has an SPS.
};

/// Cuts an Annex B byte stream, as files and encoders give it, into access units.
///
/// By the rules of H.264 7.4.1.2.3 and 7.4.1.2.4, simplified to what encoders make: a new access unit
/// begins, once the current one has a slice, with the first delimiter, SPS, PPS, SEI or NAL unit
/// of types 14 to 18, or with a slice that starts at macroblock 0 or differs in being IDR, in being a
/// reference, in its picture parameter set or in its frame number. Redundant pictures and arbitrary slice
/// order (Baseline tools that encoders do not use) would be cut wrongly. The fields of an interlaced frame
/// are access units of their own, as the standard has it.
///
/// Where an access unit ends shows only when the next one begins, so a live stream is one frame late
/// here; an encoder that gives whole frames needs no splitter.
class PETREL_API AccessUnitSplitter {
 public:
  /// More of the stream; any number of bytes.
  void push(Bytes chunk);
  /// The stream is over: what is left is an access unit.
  void finish();

  /// The next complete access unit; nullopt: more of the stream is needed, or it is over.
  /// rtp::Errc::frame_too_large, once, where an access unit exceeds rtp::max_frame_size: it is skipped.
  Result<std::optional<AccessUnit>> next();

  /// The latest SPS that could be read.
  const std::optional<SequenceParameters>& parameters() const { return parameters_; }
  std::size_t empty_units() const { return empty_units_; }

 private:
  struct Picture;
  bool begins_access_unit(Bytes nal) const;
  void note(Bytes nal);
  AccessUnit take(std::size_t size);

  std::vector<std::byte>
      buffer_;                 ///< Begins with the start code of the current access unit, once there is one.
  std::size_t nal_begin_ = 0;  ///< Of the NAL unit that is not yet complete, behind its start code.
  std::size_t nal_code_ = 0;   ///< Where its start code begins.
  std::size_t scanned_ = 0;    ///< No start code begins before here, past `nal_begin_`.
  bool in_nal_ = false;
  bool skipping_ = false;
  bool finished_ = false;
  bool has_picture_ = false;   ///< The current access unit has a slice, …
  std::byte picture_nal_{};    ///< … whose header byte was this …
  SliceHeader picture_slice_;  ///< … and whose header began so.
  AccessUnit current_;         ///< Its flags; the bytes are in `buffer_`.
  std::optional<SequenceParameters> parameters_;
  std::size_t empty_units_ = 0;
};

}  // namespace petrel::inline v0::rtp::h264
