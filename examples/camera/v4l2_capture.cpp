#include "camera/v4l2_capture.hpp"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string_view>
#include <utility>

#include "camera/frame_source.hpp"
#include "camera/source_lost.hpp"
#include "camera/v4l2_error.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

constexpr std::uint32_t buffer_type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
// Until an encoder that has all buffers is asked again: poll() says nothing about them.
constexpr petrel::Duration lent_wait = std::chrono::milliseconds(5);

std::uint32_t capabilities_of(const v4l2_capability& capability) {
  const bool has_own = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0;
  return has_own ? capability.device_caps : capability.capabilities;
}

bool is_camera(std::uint32_t capabilities) {
  constexpr std::uint32_t needed = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  return (capabilities & needed) == needed;
}

template <std::size_t N>
std::string text_of(const std::uint8_t (&field)[N]) {
  std::string text;
  for (const std::uint8_t c : field) {
    if (c == 0) break;
    text += c >= ' ' && c < 127 ? static_cast<char>(c) : '?';
  }
  return text;
}

v4l2_buffer buffer_of(std::uint32_t index) {
  v4l2_buffer buffer{};
  buffer.type = buffer_type;
  buffer.memory = V4L2_MEMORY_MMAP;
  buffer.index = index;
  return buffer;
}

// The kernel's defaults where the driver says nothing (V4L2_MAP_YCBCR_ENC_DEFAULT, …_QUANTIZATION_DEFAULT).
Colours colours_of(const v4l2_pix_format& format) {
  Colours colours;
  colours.is_bt709 = format.ycbcr_enc == V4L2_YCBCR_ENC_709 || (format.ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT &&
                                                                format.colorspace == V4L2_COLORSPACE_REC709);
  colours.full_range =
      format.quantization == V4L2_QUANTIZATION_FULL_RANGE ||
      (format.quantization == V4L2_QUANTIZATION_DEFAULT && format.colorspace == V4L2_COLORSPACE_JPEG);
  return colours;
}

}  // namespace

V4l2Capture::V4l2Capture(V4l2System& system, const std::string& path, const V4l2Mode& wanted, bool with_mjpeg,
                         Clock& clock)
    : system_(system), path_(path), clock_(clock) {
  int error = 0;
  device_ = system_.open(path_, error);
  if (!device_) {
    const std::string others = error == ENOENT || error == ENODEV ? other_cameras() : "";
    const std::string there = others.empty() ? "" : " Cameras that are: " + others + ".";
    // udev gives names in /dev, and nowhere else.
    if (!path_.starts_with("/dev/"))
      throw SourceUnknown(path_ + " is no file in /dev, as cameras are." + there);
    if (!others.empty()) throw SourceLost(path_ + " is not there." + there);
    throw_v4l2_setup_error(path_, "to be opened", error);
  }
  check_capabilities();
  set_mode(wanted, with_mjpeg);
  make_buffers();
  int type = static_cast<int>(buffer_type);
  if (const int failed = device_->control(VIDIOC_STREAMON, &type)) {
    throw_v4l2_setup_error(path_, "to start", failed);
  }
  is_streaming_ = true;
}

V4l2Capture::~V4l2Capture() {
  int type = static_cast<int>(buffer_type);
  if (is_streaming_) device_->control(VIDIOC_STREAMOFF, &type);
}

void V4l2Capture::check_capabilities() {
  v4l2_capability capability{};
  if (const int error = device_->control(VIDIOC_QUERYCAP, &capability)) {
    throw_v4l2_setup_error(path_, "to say what it is, it seems to be no V4L2 device", error);
  }
  card_ = text_of(capability.card);
  if (is_camera(capabilities_of(capability))) return;
  const std::string others = other_cameras();
  throw shared::UserError(path_ + " (" + card_ + ") is a video device, but no camera" +
                          (others.empty()
                               ? ". There is none on this machine that V4L2 can read; a Raspberry Pi's "
                                 "own camera is --source rpicam."
                               : ". Cameras: " + others + "."));
}

std::string V4l2Capture::other_cameras() {
  std::string list;
  for (const std::string& path : system_.paths()) {
    int error = 0;
    const auto device = path == path_ ? nullptr : system_.open(path, error);
    v4l2_capability capability{};
    if (!device || device->control(VIDIOC_QUERYCAP, &capability) != 0) continue;
    if (!is_camera(capabilities_of(capability)) || v4l2_formats(*device).empty()) continue;
    list += (list.empty() ? "" : ", ") + path + " (" + text_of(capability.card) + ")";
  }
  return list;
}

void V4l2Capture::set_mode(const V4l2Mode& wanted, bool with_mjpeg) {
  const auto mode = choose_v4l2_mode(*device_, wanted, with_mjpeg);
  if (!mode) {
    std::string list;
    for (const std::uint32_t format : v4l2_formats(*device_)) list += " " + fourcc_text(format);
    throw shared::UserError(path_ + " (" + card_ +
                            ") gives no format that can be read here (H264, NV12, YU12, YUYV" +
                            (with_mjpeg ? ", MJPG)" : "; this program was built without JPEG)") +
                            (list.empty() ? "" : ", but:" + list) + ".");
  }
  set_format(*mode);
  set_rate(mode->frames_per_second);
}

void V4l2Capture::set_format(const V4l2Mode& mode) {
  v4l2_format format{};
  format.type = buffer_type;
  format.fmt.pix.width = static_cast<std::uint32_t>(mode.width);
  format.fmt.pix.height = static_cast<std::uint32_t>(mode.height);
  format.fmt.pix.pixelformat = mode.format;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  if (const int error = device_->control(VIDIOC_S_FMT, &format)) {
    throw_v4l2_setup_error(path_, "the format " + fourcc_text(mode.format), error);
  }
  const v4l2_pix_format& set = format.fmt.pix;
  constexpr std::uint32_t largest = 16'384;
  if (set.pixelformat != mode.format || set.width < 2 || set.height < 2 || set.width > largest ||
      set.height > largest || set.bytesperline > 8 * largest) {
    throw shared::UserError(path_ + " (" + card_ + ") set " + fourcc_text(set.pixelformat) + " of " +
                            std::to_string(set.width) + "x" + std::to_string(set.height) + " where " +
                            fourcc_text(mode.format) + " was asked for. Try another --size.");
  }
  mode_ = mode;
  mode_.width = static_cast<int>(set.width);
  mode_.height = static_cast<int>(set.height);
  const int least = mode.format == V4L2_PIX_FMT_YUYV ? 2 * mode_.width : mode_.width;
  stride_ = std::max(static_cast<int>(set.bytesperline), least);
  colours_ =
      mode.format == V4L2_PIX_FMT_MJPEG ? Colours{.is_bt709 = false, .full_range = true} : colours_of(set);
}

// A device without a rate of its own to set keeps what it has.
void V4l2Capture::set_rate(double frames_per_second) {
  constexpr std::uint32_t scale = 1000;
  v4l2_streamparm parameters{};
  parameters.type = buffer_type;
  parameters.parm.capture.timeperframe = {scale,
                                          static_cast<std::uint32_t>(std::lround(frames_per_second * scale))};
  if (device_->control(VIDIOC_S_PARM, &parameters) != 0) return;
  const v4l2_fract& interval = parameters.parm.capture.timeperframe;
  if (interval.numerator == 0 || interval.denominator == 0) return;
  mode_.frames_per_second = static_cast<double>(interval.denominator) / interval.numerator;
}

void V4l2Capture::make_buffers() {
  v4l2_requestbuffers request{};
  request.count = wanted_buffers;
  request.type = buffer_type;
  request.memory = V4L2_MEMORY_MMAP;
  if (const int error = device_->control(VIDIOC_REQBUFS, &request)) {
    throw_v4l2_setup_error(path_, "buffers to be mapped", error);
  }
  for (std::uint32_t i = 0; i < request.count; ++i) {
    v4l2_buffer buffer = buffer_of(i);
    if (const int error = device_->control(VIDIOC_QUERYBUF, &buffer)) {
      throw_v4l2_setup_error(path_, "to describe a buffer", error);
    }
    int error = 0;
    Buffer made{device_->map(buffer.length, buffer.m.offset, error), std::nullopt};
    if (made.memory.empty()) throw_v4l2_setup_error(path_, "a buffer to be mapped", error);
    v4l2_exportbuffer exported{};
    exported.type = buffer_type;
    exported.index = i;
    exported.flags = O_CLOEXEC;
    // Not every driver can; an encoder copies then.
    if (device_->control(VIDIOC_EXPBUF, &exported) == 0) {
      device_->keep(exported.fd);
      made.dmabuf = exported.fd;
    }
    buffers_.push_back(made);
    if (const int failed = device_->control(VIDIOC_QBUF, &buffer)) {
      throw_v4l2_setup_error(path_, "a buffer", failed);
    }
  }
  if (buffers_.empty()) throw shared::UserError(path_ + " (" + card_ + ") has no buffers.");
}

std::optional<V4l2Frame> V4l2Capture::next() {
  release();
  if (lent_.out() == buffers_.size()) {
    clock_.wait(lent_wait);
    return std::nullopt;
  }
  const short events = device_->wait(max_device_wait);
  if (events == 0) return std::nullopt;
  v4l2_buffer buffer = buffer_of(0);
  const int error = device_->control(VIDIOC_DQBUF, &buffer);
  if (error == EAGAIN && (events & POLLIN) != 0) return std::nullopt;
  // EIO: something went wrong on the way, and the next one may be whole.
  if (error == EIO && ++errors_in_a_row_ < max_errors_in_a_row) {
    ++broken_frames_;
    return std::nullopt;
  }
  if (error != 0) lose(error);
  if (buffer.index >= buffers_.size()) lose(EINVAL);
  Lease lease = lent_.lend(buffer.index);
  const Buffer& own = buffers_[buffer.index];
  if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0 || buffer.bytesused == 0 ||
      buffer.bytesused > own.memory.size()) {
    ++broken_frames_;
    return std::nullopt;
  }
  errors_in_a_row_ = 0;
  const bool is_monotonic =
      (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  return V4l2Frame{own.memory.first(buffer.bytesused),
                   time_of(buffer.timestamp.tv_sec, buffer.timestamp.tv_usec, is_monotonic), own.dmabuf,
                   std::move(lease)};
}

void V4l2Capture::release() {
  while (const auto index = lent_.take_back()) {
    v4l2_buffer buffer = buffer_of(*index);
    if (const int error = device_->control(VIDIOC_QBUF, &buffer)) lose(error);
  }
}

void V4l2Capture::lose(int error) { throw_v4l2_loss(path_, "to give more pictures", error); }

petrel::TimePoint V4l2Capture::time_of(std::int64_t seconds, std::int64_t microseconds, bool is_monotonic) {
  const petrel::TimePoint now = clock_.now();
  if (!is_monotonic) return now;
  const petrel::TimePoint stamp(std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds));
  return stamp > now || now - stamp > max_age ? now : stamp;
}

}  // namespace camera
