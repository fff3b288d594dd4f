#pragma once

#include <functional>
#include <memory>

#include "camera/clock.hpp"
#include "camera/frame_source.hpp"
#include "camera/libcamera/camera_calls.hpp"
#include "camera/low_pictures.hpp"
#include "camera/options.hpp"
#include "camera/pattern_source.hpp"
#include "camera/recovering_source.hpp"
#include "camera/v4l2_device.hpp"

namespace camera {

/// What sources need of the world.
struct SourceSurroundings {
  TimeOfDay time_of_day;  ///< For the pattern.
  Clock& clock;           ///< Outlives the source.
  Say say;                ///< One line for people, on the capture thread or on the caller's.
  V4l2System& v4l2;       ///< Cameras and encoders; linux_v4l2(). Outlives the source.
  /// make_libcamera, or nothing in a program without it.
  std::function<std::unique_ptr<CameraCalls>()> libcamera{};
  /// Where a camera's second stream goes, where the options want one.
  std::shared_ptr<LowPictureBox> low{};
};

/// The source of --source, with the encoder of --encoder where it gives raw pictures. Cameras have given a
/// picture when it returns, or are waited for, which is said; either way they recover by themselves. Throws
/// UserError or SourceLost with a line that says what to do.
std::unique_ptr<FrameSource> make_source(const Options& options, const SourceSurroundings& around);
/// What comes out of `around.low`, in software's coding: a chip is busy with the first stream. Its pictures
/// come while somebody takes those of make_source()'s source.
std::unique_ptr<FrameSource> make_low_source(const Options& options, const SourceSurroundings& around);

}  // namespace camera
