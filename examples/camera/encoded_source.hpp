#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "camera/frame_source.hpp"
#include "camera/picture_source.hpp"
#include "camera/video_encoder.hpp"

namespace camera {

/// Raw pictures and an encoder, together a source of coded ones.
class EncodedSource : public FrameSource {
 public:
  EncodedSource(std::unique_ptr<PictureSource> pictures, std::unique_ptr<VideoEncoder> encoder);

  std::optional<petrel::Duration> next_due() const override { return pictures_->next_due(); }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override { key_frame_wanted_ = true; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t bits_per_second) override { bitrate_wanted_ = bits_per_second; }
  std::string profile_level_id() const override { return encoder_->profile_level_id(); }
  std::string description() const override;

 private:
  AccessUnit unit_of(EncodedPicture encoded) const;

  std::unique_ptr<PictureSource> pictures_;
  std::unique_ptr<VideoEncoder> encoder_;
  std::optional<petrel::TimePoint> zero_;  // When the picture of offset 0 was taken, if the source knows.
  // Written by the program's thread, taken by the capture thread: the only state the two share.
  std::atomic<bool> key_frame_wanted_ = false;
  std::atomic<std::uint32_t> bitrate_wanted_ = 0;
};

}  // namespace camera
