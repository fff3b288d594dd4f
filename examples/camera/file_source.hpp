#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "camera/frame_source.hpp"
#include "camera/parameter_sets.hpp"
#include "petrel/rtp/payload/h264_access_unit.hpp"

namespace camera {

/// `--source file:PATH`: an H.264 file in Annex B form, played over and over.
///
/// Pictures are sent as they stand, in the rate that the stream's own timing says, or `--fps`. Parameter
/// sets are repeated before every key frame, since a viewer may come at any of them. B-frames and
/// interlaced video are refused: their pictures are shown in another order than they are sent in, which
/// no browser's WebRTC decoder waits for.
class FileSource final : public FrameSource {
 public:
  /// Throws UserError when the file is missing, is not H.264, or cannot be sent.
  FileSource(std::string path, std::optional<double> frames_per_second);

  std::optional<petrel::Duration> next_due() const override { return due(); }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override {}
  bool can_force_key_frame() const override { return false; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override { return profile_level_id_of(parameters_); }
  std::string description() const override;

 private:
  using Unit = petrel::rtp::h264::AccessUnit;

  petrel::Duration due() const;
  void inspect();
  void check(const Unit& unit) const;
  void choose_rate(std::optional<double> frames_per_second);
  void rewind();
  std::optional<Unit> read_unit();
  [[noreturn]] void refuse(const std::string& why) const;

  std::string path_;
  std::ifstream file_;
  petrel::rtp::h264::AccessUnitSplitter splitter_;
  bool at_end_ = false;
  std::deque<Unit> ahead_;  // Read by inspect(), not yet given.
  ParameterSets parameter_sets_;
  petrel::rtp::h264::SequenceParameters parameters_;
  double frames_per_second_ = 30;
  bool rate_is_assumed_ = false;
  bool started_ = false;  // A key frame was given since the last rewind.
  std::uint64_t frame_ = 0;
};

}  // namespace camera
