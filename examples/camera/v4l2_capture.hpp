#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "camera/clock.hpp"
#include "camera/lent_buffers.hpp"
#include "camera/picture_view.hpp"
#include "camera/v4l2_device.hpp"
#include "camera/v4l2_modes.hpp"
#include "petrel/base/time.hpp"

namespace camera {

/// What a V4L2 camera has filled: a picture, or a piece of a coded stream. The bytes are there as long as the
/// lease is, and the capture.
struct V4l2Frame {
  std::span<const std::uint8_t> bytes;
  petrel::TimePoint captured{};
  std::optional<int> dmabuf;
  Lease lease;
};

/// A V4L2 camera that is set up and streams into buffers that are mapped here.
///
/// Throws as v4l2_error.hpp says.
class V4l2Capture {
 public:
  /// Two for the camera to fill, one that is looked at, and as many as an encoder keeps.
  static constexpr std::uint32_t wanted_buffers = 6;
  static constexpr int max_errors_in_a_row = 30;
  /// A time stamp that is further away from now was made by another clock.
  static constexpr petrel::Duration max_age = std::chrono::seconds(2);

  /// Sets the mode nearest to `wanted` (its format is not looked at) and starts. `system` and `clock` outlive
  /// this object.
  V4l2Capture(V4l2System& system, const std::string& path, const V4l2Mode& wanted, bool with_mjpeg,
              Clock& clock);
  /// Stops the stream.
  ~V4l2Capture();
  V4l2Capture(const V4l2Capture&) = delete;
  V4l2Capture& operator=(const V4l2Capture&) = delete;

  /// The next frame. Waits at most max_device_wait. nullopt: nothing came, or something broken, which is
  /// counted, or all buffers are lent.
  std::optional<V4l2Frame> next();
  /// Gives the camera what nobody has a lease of any more; next() does so, too.
  void release();

  /// As the device has set it.
  const V4l2Mode& mode() const { return mode_; }
  int stride() const { return stride_; }
  Colours colours() const { return colours_; }
  const std::string& path() const { return path_; }
  /// The device's own: "HD Pro Webcam C920".
  const std::string& card() const { return card_; }
  V4l2Device& device() { return *device_; }
  std::uint64_t broken_frames() const { return broken_frames_; }

 private:
  struct Buffer {
    std::span<std::uint8_t> memory;
    std::optional<int> dmabuf;
  };

  void check_capabilities();
  std::string other_cameras();
  void set_mode(const V4l2Mode& wanted, bool with_mjpeg);
  void set_format(const V4l2Mode& mode);
  void set_rate(double frames_per_second);
  void make_buffers();
  [[noreturn]] void lose(int error);
  petrel::TimePoint time_of(std::int64_t seconds, std::int64_t microseconds, bool is_monotonic);

  V4l2System& system_;
  std::string path_;
  Clock& clock_;
  std::unique_ptr<V4l2Device> device_;
  std::string card_;
  V4l2Mode mode_;
  int stride_ = 0;
  Colours colours_;
  std::vector<Buffer> buffers_;
  bool is_streaming_ = false;
  LentBuffers lent_;
  int errors_in_a_row_ = 0;
  std::uint64_t broken_frames_ = 0;
};

}  // namespace camera
