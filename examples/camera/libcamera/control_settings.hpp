#pragma once

#include <span>
#include <string>
#include <vector>

#include "camera/libcamera/camera_calls.hpp"

namespace camera {

/// What `--camera-control NAME=VALUE` asks for, of a camera that has `controls`. Throws UserError for one
/// that it does not have, which names those that it has, and for a value that is none or out of its range.
std::vector<ControlSetting> read_settings(std::span<const std::string> texts,
                                          std::span<const CameraControl> controls);

/// "AfMode (0 to 2: Manual, Auto, Continuous)": for people.
std::string describe(const CameraControl& control);

}  // namespace camera
