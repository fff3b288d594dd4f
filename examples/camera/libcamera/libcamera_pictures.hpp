#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera/clock.hpp"
#include "camera/lent_buffers.hpp"
#include "camera/libcamera/camera_calls.hpp"
#include "camera/low_pictures.hpp"
#include "camera/picture_source.hpp"

namespace camera {

struct LibcameraSettings {
  std::string id{};  ///< Empty: the first camera.
  int width = 1280;
  int height = 720;
  double frames_per_second = 30;
  int rotation = 0;                     ///< Degrees clockwise.
  std::vector<std::string> controls{};  ///< NAME=VALUE, in libcamera's words.
  /// A second stream: its size, and where its pictures go. nullptr: none.
  int low_width = 0;
  int low_height = 0;
  std::shared_ptr<LowPictureBox> low{};
};

/// `--source libcamera`: pictures of a camera that libcamera knows.
///
/// A picture is the camera's own buffer, which goes back to it once its lease is over. Of several that have
/// come meanwhile the newest is given, and the others go back at once.
class LibcameraPictures final : public PictureSource {
 public:
  // Each is a picture of latency at most, and of memory. Two are on their way in the camera, one is looked
  // at, and an encoder keeps some.
  static constexpr unsigned wanted_buffers = 6;
  // A camera whose pictures are all broken has a bad cable, and is not waited for any longer.
  static constexpr int max_broken_in_row = 30;

  /// Opens the camera and starts it. Throws SourceLost where that may succeed later, UserError where a person
  /// has to put something right. `clock` outlives this object.
  LibcameraPictures(std::unique_ptr<CameraCalls> calls, LibcameraSettings settings, Clock& clock);
  ~LibcameraPictures() override;

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<PictureView> next() override;
  void release() override;
  int width() const override { return format_.width; }
  int height() const override { return format_.height; }
  double frames_per_second() const override { return settings_.frames_per_second; }
  Colours colours() const override { return format_.colours; }
  std::string name() const override;

  std::uint64_t skipped() const { return skipped_; }  ///< Pictures, since newer ones were there.
  std::uint64_t broken() const { return broken_; }    ///< Pictures that the camera itself gave up.

 private:
  void open();
  FoundCamera choose() const;
  void configure();
  void open_low();
  void start();
  void queue(unsigned buffer);
  std::optional<CompletedRequest> newest();
  bool is_picture(const CompletedRequest& request);
  PictureView view(const CompletedRequest& request);
  void put_low(unsigned buffer, const PictureView& picture);

  std::unique_ptr<CameraCalls> calls_;
  LibcameraSettings settings_;
  Clock& clock_;
  FoundCamera camera_;
  CameraFormat format_;
  std::optional<CameraFormat> low_format_;
  LentBuffers lent_;
  std::optional<std::uint64_t> first_timestamp_ns_;
  int broken_in_row_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t broken_ = 0;
};

/// One line for each camera, for --list-cameras; or one that says why there is none.
std::string list_cameras(CameraCalls& calls);

}  // namespace camera
