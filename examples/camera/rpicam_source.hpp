#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "camera/child_process.hpp"
#include "camera/frame_source.hpp"
#include "camera/live_reader.hpp"
#include "camera/video_encoder.hpp"

namespace camera {

/// `--source rpicam`: a Raspberry Pi camera by the program that comes with the system, rpicam-vid
/// (libcamera-vid before 2023), which also encodes.
///
/// It cannot be asked for a key frame while it runs, so it makes one each second. Its end is a SourceLost
/// with what it said last.
class RpicamSource final : public FrameSource {
 public:
  /// `path` as $PATH. Throws UserError when neither program is there.
  RpicamSource(const EncoderSettings& settings, const std::vector<std::string>& extra_arguments,
               std::string_view path, Clock& clock);

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override {}
  bool can_force_key_frame() const override { return false; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override;
  std::string description() const override;

 private:
  std::string program_;
  EncoderSettings settings_;
  ChildProcess process_;
  LiveReader reader_;
};

/// What rpicam-vid is called with. `extra` comes last, so that it wins.
std::vector<std::string> rpicam_arguments(const EncoderSettings& settings,
                                          const std::vector<std::string>& extra);

}  // namespace camera
