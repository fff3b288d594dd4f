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
/// here, unless its pauses are told by pause(). An encoder that gives whole frames needs no splitter.
class PETREL_API AccessUnitSplitter {
 public:
  /// More of the stream; any number of bytes.
  void push(Bytes chunk);
  /// The stream is over: what is left is an access unit.
  void finish();
  /// The stream pauses, as a live one does between pictures: when a picture has begun, what has come is all
  /// of it, and next() gives it. Bytes of it that come later are lost, and it is cut short.
  void pause();

  /// The next complete access unit; nullopt: more of the stream is needed, or it is over.
  /// rtp::Errc::frame_too_large, once, where an access unit exceeds rtp::max_frame_size: it is skipped.
  Result<std::optional<AccessUnit>> next();

  /// The latest SPS that could be read.
  const std::optional<SequenceParameters>& parameters() const { return parameters_; }
  std::size_t empty_units() const { return empty_units_; }

 private:
  /// The NAL unit that is being received, by places in `buffer_`.
  struct Open {
    std::size_t code = 0;   ///< Its start code, …
    std::size_t begin = 0;  ///< … and what follows it.
    bool placed = false;    ///< Known to belong to the current access unit.
  };

  Result<std::optional<AccessUnit>> next_unit();
  /// Some of a picture has come.
  bool in_picture() const;
  /// Opens the NAL unit whose start code is at `code`; false if there is none.
  bool open_unit(std::size_t code);
  bool begins_access_unit(Bytes nal) const;
  void note(Bytes nal);
  std::optional<AccessUnit> take(std::size_t end);
  std::optional<AccessUnit> take_last();
  /// The current access unit is too large: drops what came of it. False if that is known already.
  bool give_up();

  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;    ///< Of the current access unit in `buffer_`; before it lies what was taken.
  std::size_t scanned_ = 0;  ///< No start code begins before here that is not known.
  std::optional<Open> open_;
  bool has_units_ = false;  ///< The stream has begun: `begin_` is at a start code, or behind what is skipped.
  bool finished_ = false;
  bool paused_ = false;         ///< Since the last access unit was taken.
  bool skipping_ = false;       ///< The current access unit is too large, and what came of it is gone.
  bool has_picture_ = false;    ///< The current access unit has a slice, …
  std::byte picture_header_{};  ///< … whose NAL unit header this is, …
  SliceHeader picture_slice_;   ///< … and whose own header begins so.
  AccessUnit current_;          ///< Its flags; the bytes are in `buffer_`.
  std::optional<SequenceParameters> parameters_;
  std::size_t empty_units_ = 0;
};

}  // namespace petrel::inline v0::rtp::h264
