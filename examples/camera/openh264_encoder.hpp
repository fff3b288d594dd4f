#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "camera/picture.hpp"
#include "camera/video_encoder.hpp"

class ISVCEncoder;  // OpenH264's; its headers stay in the source file.

namespace camera {

/// OpenH264, set up for live video: Constrained Baseline, one slice and one thread, no B-frames, no
/// delay, SPS and PPS before each IDR. A picture in is an access unit out. Pictures of other formats than
/// I420 are converted first.
class OpenH264Encoder final : public VideoEncoder {
 public:
  /// Throws UserError when the library refuses the settings.
  explicit OpenH264Encoder(const EncoderSettings& settings);
  ~OpenH264Encoder() override;
  OpenH264Encoder(const OpenH264Encoder&) = delete;
  OpenH264Encoder& operator=(const OpenH264Encoder&) = delete;

  EncodedPicture encode(const PictureView& picture, petrel::Duration offset) override;
  void force_key_frame() override;
  void set_bitrate(std::uint32_t bits_per_second) override;
  std::string profile_level_id() const override { return profile_level_id_; }
  std::string name() const override { return "OpenH264 (software)"; }
  const EncoderSettings& settings() const override { return settings_; }

 private:
  struct Destroy {
    void operator()(ISVCEncoder* encoder) const;
  };

  std::string read_profile_level_id();

  EncoderSettings settings_;
  std::unique_ptr<ISVCEncoder, Destroy> encoder_;
  std::string profile_level_id_;
  std::optional<Picture> converted_;  // Of a picture in another format than I420.
};

}  // namespace camera
