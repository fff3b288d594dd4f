#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "camera/frame_source.hpp"
#include "camera/jpeg_decoder.hpp"
#include "camera/live_stream.hpp"
#include "camera/picture.hpp"
#include "camera/picture_source.hpp"
#include "camera/v4l2_capture.hpp"

namespace camera {

/// A V4L2 camera that gives raw pictures or JPEG.
class V4l2Pictures final : public PictureSource {
 public:
  explicit V4l2Pictures(std::unique_ptr<V4l2Capture> capture);

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<PictureView> next() override;
  void release() override { capture_->release(); }
  int width() const override { return width_; }
  int height() const override { return height_; }
  double frames_per_second() const override { return capture_->mode().frames_per_second; }
  Colours colours() const override { return capture_->colours(); }
  std::string name() const override;

  /// Pictures that were too short, or no JPEG; they are left out.
  std::uint64_t broken_pictures() const { return broken_pictures_ + capture_->broken_frames(); }

 private:
  std::optional<PictureView> raw_picture(const V4l2Frame& frame) const;

  std::unique_ptr<V4l2Capture> capture_;
  int width_;  // Even: an odd last column or row is left out.
  int height_;
  JpegDecoder jpeg_;
  std::optional<Picture> decoded_;
  std::optional<petrel::TimePoint> first_;
  std::uint64_t broken_pictures_ = 0;
};

/// A V4L2 camera that encodes H.264 itself.
class V4l2CodedSource final : public FrameSource {
 public:
  V4l2CodedSource(std::unique_ptr<V4l2Capture> capture, std::uint32_t bits_per_second);

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override { key_frame_wanted_ = true; }
  bool can_force_key_frame() const override { return can_force_key_frame_; }
  void set_bitrate(std::uint32_t bits_per_second) override { bitrate_wanted_ = bits_per_second; }
  std::string profile_level_id() const override;
  std::string description() const override;

 private:
  /// False where the camera has no such control.
  bool set(std::uint32_t control, std::int32_t value);

  std::unique_ptr<V4l2Capture> capture_;
  LiveStream stream_;
  bool can_force_key_frame_ = false;
  std::atomic<bool> key_frame_wanted_ = false;
  std::atomic<std::uint32_t> bitrate_wanted_ = 0;
};

/// Opens the camera with the size and rate nearest to what is wanted. Throws as V4l2Capture.
std::variant<std::unique_ptr<PictureSource>, std::unique_ptr<FrameSource>> open_v4l2(
    V4l2System& system, const std::string& path, const V4l2Mode& wanted, std::uint32_t bits_per_second,
    Clock& clock);

}  // namespace camera
