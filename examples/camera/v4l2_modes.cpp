#include "camera/v4l2_modes.hpp"

#include <linux/videodev2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>

namespace camera {
namespace {

// A device that never says that its list is over.
constexpr std::uint32_t max_listed = 256;
// Rates that differ by less are the same: 29.97 and 30.
constexpr double rate_tolerance = 0.5;

constexpr std::array<std::uint32_t, 4> uncoded{V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YUYV,
                                               V4L2_PIX_FMT_MJPEG};

struct Size {
  int width = 0;
  int height = 0;
};

int distance(const Size& size, const V4l2Mode& wanted) {
  return std::abs(size.width - wanted.width) + std::abs(size.height - wanted.height);
}

int nearest_step(std::uint32_t least, std::uint32_t most, std::uint32_t step, int wanted) {
  const auto low = static_cast<std::int64_t>(least);
  const auto high = std::max(low, static_cast<std::int64_t>(most));
  const std::int64_t value = std::clamp<std::int64_t>(wanted, low, high);
  return static_cast<int>(step == 0 ? value : low + (value - low) / step * step);
}

// What ENUM_FRAMESIZES says; a driver that does not list sizes takes what is wanted, and S_FMT corrects it.
Size nearest_size(V4l2Device& device, std::uint32_t format, const V4l2Mode& wanted) {
  std::optional<Size> best;
  for (std::uint32_t i = 0; i < max_listed; ++i) {
    v4l2_frmsizeenum sizes{};
    sizes.index = i;
    sizes.pixel_format = format;
    if (device.control(VIDIOC_ENUM_FRAMESIZES, &sizes) != 0) break;
    if (sizes.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
      const auto& step = sizes.stepwise;
      return {nearest_step(step.min_width, step.max_width, step.step_width, wanted.width),
              nearest_step(step.min_height, step.max_height, step.step_height, wanted.height)};
    }
    const Size size{static_cast<int>(sizes.discrete.width), static_cast<int>(sizes.discrete.height)};
    if (!best || distance(size, wanted) < distance(*best, wanted)) best = size;
  }
  return best.value_or(Size{wanted.width, wanted.height});
}

double rate_of(const v4l2_fract& interval) {
  return interval.numerator == 0 ? 0 : static_cast<double>(interval.denominator) / interval.numerator;
}

double rate_miss(double rate, double wanted) {
  const double miss = std::abs(rate - wanted);
  return miss < rate_tolerance ? 0 : miss;
}

double nearest_rate(V4l2Device& device, std::uint32_t format, const Size& size, double wanted) {
  std::optional<double> best;
  for (std::uint32_t i = 0; i < max_listed; ++i) {
    v4l2_frmivalenum intervals{};
    intervals.index = i;
    intervals.pixel_format = format;
    intervals.width = static_cast<std::uint32_t>(size.width);
    intervals.height = static_cast<std::uint32_t>(size.height);
    if (device.control(VIDIOC_ENUM_FRAMEINTERVALS, &intervals) != 0) break;
    if (intervals.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
      const double slowest = rate_of(intervals.stepwise.max);
      return std::clamp(wanted, slowest, std::max(slowest, rate_of(intervals.stepwise.min)));
    }
    const double rate = rate_of(intervals.discrete);
    if (!best || rate_miss(rate, wanted) < rate_miss(*best, wanted)) best = rate;
  }
  return best.value_or(wanted);
}

V4l2Mode nearest_mode(V4l2Device& device, std::uint32_t format, const V4l2Mode& wanted) {
  const Size size = nearest_size(device, format, wanted);
  return {format, size.width, size.height, nearest_rate(device, format, size, wanted.frames_per_second)};
}

}  // namespace

std::vector<std::uint32_t> v4l2_formats(V4l2Device& device) {
  std::vector<std::uint32_t> formats;
  for (std::uint32_t i = 0; i < max_listed; ++i) {
    v4l2_fmtdesc description{};
    description.index = i;
    description.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (device.control(VIDIOC_ENUM_FMT, &description) != 0) break;
    formats.push_back(description.pixelformat);
  }
  return formats;
}

std::optional<V4l2Mode> choose_v4l2_mode(V4l2Device& device, const V4l2Mode& wanted, bool with_mjpeg) {
  const std::vector<std::uint32_t> given = v4l2_formats(device);
  const auto gives = [&](std::uint32_t format) { return std::ranges::find(given, format) != given.end(); };
  if (gives(V4L2_PIX_FMT_H264)) return nearest_mode(device, V4L2_PIX_FMT_H264, wanted);

  std::optional<V4l2Mode> best;
  const auto misses = [&](const V4l2Mode& mode) {
    return std::tuple(distance({mode.width, mode.height}, wanted),
                      rate_miss(mode.frames_per_second, wanted.frames_per_second));
  };
  for (const std::uint32_t format : uncoded) {
    if (!gives(format) || (format == V4L2_PIX_FMT_MJPEG && !with_mjpeg)) continue;
    const V4l2Mode mode = nearest_mode(device, format, wanted);
    if (!best || misses(mode) < misses(*best)) best = mode;
  }
  return best;
}

std::string fourcc_text(std::uint32_t format) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const auto letter = static_cast<char>(format >> (8 * i) & 0x7f);
    text += letter > ' ' && letter < '\x7f' ? letter : '?';
  }
  return text;
}

}  // namespace camera
