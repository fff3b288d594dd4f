#pragma once

// What differs between the versions of libcamera, and nothing else: Debian 12 has 0.0.3, Raspberry Pi OS 0.5
// and later. What is for versions above 0.0.3 is written from their interface and has not been compiled
// against them yet.

#include <libcamera/camera.h>
#include <libcamera/camera_manager.h>
#include <libcamera/controls.h>
#include <libcamera/version.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#define PETREL_LIBCAMERA_AT_LEAST(major, minor) \
  (LIBCAMERA_VERSION_MAJOR > (major) ||         \
   (LIBCAMERA_VERSION_MAJOR == (major) && LIBCAMERA_VERSION_MINOR >= (minor)))

#if PETREL_LIBCAMERA_AT_LEAST(0, 2)
#include <libcamera/orientation.h>
#else
#include <libcamera/transform.h>
#endif

namespace camera::libcamera_version {

/// Wants the picture turned by so many degrees clockwise. To be followed by validate().
inline void want_rotation(libcamera::CameraConfiguration& configuration, int degrees) {
#if PETREL_LIBCAMERA_AT_LEAST(0, 2)
  configuration.orientation = libcamera::orientationFromRotation(degrees);
#else
  configuration.transform = libcamera::transformFromRotation(degrees);
#endif
}

/// After validate(): whether that is what it will be.
inline bool has_rotation(const libcamera::CameraConfiguration& configuration, int degrees) {
#if PETREL_LIBCAMERA_AT_LEAST(0, 2)
  return configuration.orientation == libcamera::orientationFromRotation(degrees);
#else
  return configuration.transform == libcamera::transformFromRotation(degrees);
#endif
}

/// What the values of a control are called, where libcamera says so (0.5 and later).
inline std::vector<std::pair<std::string, std::int64_t>> value_names(
    [[maybe_unused]] const libcamera::ControlId& id) {
  std::vector<std::pair<std::string, std::int64_t>> names;
#if PETREL_LIBCAMERA_AT_LEAST(0, 5)
  for (const auto& [value, name] : id.enumerators()) names.emplace_back(name, value);
#endif
  return names;
}

}  // namespace camera::libcamera_version
