#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "camera/v4l2_device.hpp"

namespace camera {

/// A picture format of a camera, in the kernel's code, with a size and a rate of it.
struct V4l2Mode {
  std::uint32_t format = 0;
  int width = 0;
  int height = 0;
  double frames_per_second = 0;
};

/// All formats that the device gives, in its order.
std::vector<std::uint32_t> v4l2_formats(V4l2Device& device);

/// The mode that is nearest to what is wanted. H.264 wins where there is any: nothing has to be encoded. Of
/// the others, the size counts first, then the rate, then what costs less to read: NV12, YU12, YUYV, MJPEG.
/// So a camera that gives large pictures fast enough only as MJPEG is read as that. nullopt: no format of
/// those; MJPEG counts `with_mjpeg` only.
std::optional<V4l2Mode> choose_v4l2_mode(V4l2Device& device, const V4l2Mode& wanted, bool with_mjpeg);

/// "YUYV": the four letters of a format.
std::string fourcc_text(std::uint32_t format);

}  // namespace camera
