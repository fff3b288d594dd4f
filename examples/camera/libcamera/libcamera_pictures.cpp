#include "camera/libcamera/libcamera_pictures.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include "camera/frame_source.hpp"
#include "camera/libcamera/control_settings.hpp"
#include "camera/source_lost.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

// A time stamp that is further from now is of another clock, and says nothing.
constexpr petrel::Duration plausible_age = std::chrono::seconds(5);

std::string words_of(int error) { return std::generic_category().message(-error); }

std::string all_ids(const std::vector<FoundCamera>& cameras) {
  std::string ids;
  for (const FoundCamera& camera : cameras) ids += (ids.empty() ? "" : ", ") + camera.id;
  return ids;
}

bool is_usable(const CameraFormat& format) {
  return format.width > 0 && format.height > 0 && format.stride > 0 && format.width % 2 == 0 &&
         format.height % 2 == 0;
}

[[noreturn]] void throw_not_there(int error) {
  throw SourceLost(
      "libcamera finds no camera (" + words_of(error) +
      "). Is it plugged in, and may this user open /dev/media0 and /dev/video0 (group \"video\")?");
}

// libcamera ends the id of a USB camera with its vendor and product; what is soldered in does not come and
// go.
bool is_of_usb(const std::string& id) {
  const auto is_hexadecimal = [&](std::size_t from) {
    return id.find_first_not_of("0123456789abcdefABCDEF", from) >= from + 4;
  };
  const std::size_t length = id.size();
  return length >= 10 && id[length - 10] == '-' && is_hexadecimal(length - 9) && id[length - 5] == ':' &&
         is_hexadecimal(length - 4);
}

// What a format's planes are by their size: of width, height and stride of the first one.
struct Layout {
  std::array<int, 3> strides{};
  std::array<std::size_t, 3> sizes{};
};
Layout layout_of(const CameraFormat& format) {
  const auto rows = static_cast<std::size_t>(format.height);
  const auto stride = static_cast<std::size_t>(format.stride);
  switch (format.pixels) {
    case PixelFormat::i420:
      return {{format.stride, format.stride / 2, format.stride / 2},
              {stride * rows, stride / 2 * (rows / 2), stride / 2 * (rows / 2)}};
    case PixelFormat::nv12:
      return {{format.stride, format.stride, 0}, {stride * rows, stride * (rows / 2), 0}};
    case PixelFormat::yuyv:
      return {{format.stride, 0, 0}, {stride * rows, 0, 0}};
  }
  return {};
}

// One buffer with the planes one after the other is what an encoder can import.
std::optional<int> dmabuf_of(const CameraBuffer& buffer, const Layout& layout) {
  std::size_t expected = 0;
  for (std::size_t i = 0; i < buffer.planes.size(); ++i) {
    const CameraBuffer::Plane& plane = buffer.planes[i];
    if (plane.descriptor < 0 || plane.descriptor != buffer.planes[0].descriptor || plane.offset != expected)
      return std::nullopt;
    expected += i < layout.sizes.size() ? layout.sizes[i] : 0;
  }
  return buffer.planes.empty() ? std::nullopt : std::optional(buffer.planes[0].descriptor);
}

// The samples alone.
PictureView view_of(const CameraBuffer& buffer, const CameraFormat& format) {
  const Layout layout = layout_of(format);
  PictureView picture;
  picture.format = format.pixels;
  picture.width = format.width;
  picture.height = format.height;
  const auto planes = static_cast<std::size_t>(plane_count(format.pixels));
  std::size_t within_first = 0;
  for (std::size_t i = 0; i < planes; ++i) {
    picture.planes[i].stride = layout.strides[i];
    if (buffer.planes.size() >= planes) {
      picture.planes[i].samples = buffer.planes[i].samples;
    } else if (!buffer.planes.empty()) {
      // All planes in one.
      const auto all = buffer.planes[0].samples;
      picture.planes[i].samples = all.subspan(std::min(within_first, all.size()));
      within_first += layout.sizes[i];
    }
  }
  return picture;
}

}  // namespace

LibcameraPictures::LibcameraPictures(std::unique_ptr<CameraCalls> calls, LibcameraSettings settings,
                                     Clock& clock)
    : calls_(std::move(calls)), settings_(std::move(settings)), clock_(clock) {
  try {
    open();
    configure();
    start();
  } catch (...) {
    calls_->close();
    throw;
  }
}

LibcameraPictures::~LibcameraPictures() {
  if (settings_.low) settings_.low->close("the camera is not there.");
  calls_->close();
}

void LibcameraPictures::open() {
  if (const int error = calls_->open(); error < 0) throw_not_there(error);
  camera_ = choose();
  const int error = calls_->acquire(camera_.id);
  if (error == -EBUSY)
    throw SourceLost("camera " + camera_.id + ": another program has it. It is free once that program ends.");
  if (error < 0) throw SourceLost("camera " + camera_.id + " cannot be had: " + words_of(error) + ".");
}

FoundCamera LibcameraPictures::choose() const {
  const auto cameras = calls_->cameras();
  if (cameras.empty()) throw_not_there(-ENODEV);
  if (settings_.id.empty()) return cameras.front();
  const auto found = std::ranges::find(cameras, settings_.id, &FoundCamera::id);
  if (found != cameras.end()) return *found;
  const std::string line = "there is no camera " + settings_.id + "; there is " + all_ids(cameras) + ".";
  if (is_of_usb(settings_.id)) throw SourceLost(line + " It may be unplugged.");
  throw SourceUnknown(line);
}

void LibcameraPictures::configure() {
  format_ = {.width = settings_.width,
             .height = settings_.height,
             .rotation = settings_.rotation,
             .buffers = wanted_buffers};
  CameraFormat low{.width = settings_.low_width,
                   .height = settings_.low_height,
                   .rotation = settings_.rotation,
                   .buffers = wanted_buffers};
  const int error = calls_->configure(format_, settings_.low ? &low : nullptr);
  if (error == -EINVAL) {
    throw shared::UserError("camera " + camera_.id +
                            " gives none of YUV420, NV12 and YUYV at that size. Try another --size, or "
                            "--source v4l2 for one that gives MJPEG or H.264.");
  }
  if (error < 0) throw SourceLost("camera " + camera_.id + " cannot be configured: " + words_of(error) + ".");
  if (format_.rotation != settings_.rotation) {
    throw shared::UserError("--rotation " + std::to_string(settings_.rotation) + ": camera " + camera_.id +
                            " cannot turn its picture so; 180 is what most can.");
  }
  if (!is_usable(format_)) {
    throw shared::UserError("camera " + camera_.id + " gives pictures of " + std::to_string(format_.width) +
                            "x" + std::to_string(format_.height) +
                            ", and sides have to be even. Try another --size.");
  }
  if (settings_.low && is_usable(low)) low_format_ = low;
}

void LibcameraPictures::open_low() {
  if (!settings_.low) return;
  if (!low_format_)
    return settings_.low->close("camera " + camera_.id + " gives no second one beside the first.");
  settings_.low->open(
      {low_format_->width, low_format_->height, settings_.frames_per_second, low_format_->colours});
}

void LibcameraPictures::start() {
  CameraStart start;
  start.settings = read_settings(settings_.controls, calls_->controls());
  if (calls_->takes_frame_duration())
    start.frame_duration = petrel::Duration(std::llround(1e9 / settings_.frames_per_second));
  const int buffers = calls_->allocate();
  if (buffers <= 0) {
    throw SourceLost("camera " + camera_.id + " has no memory for pictures" +
                     (buffers < 0 ? ": " + words_of(buffers) : std::string()) +
                     ". A smaller --size takes less; on a Raspberry Pi see cma= in config.txt.");
  }
  if (const int error = calls_->start(start); error < 0)
    throw SourceLost("camera " + camera_.id + " cannot be started: " + words_of(error) + ".");
  for (unsigned buffer = 0; buffer < static_cast<unsigned>(buffers); ++buffer) queue(buffer);
  open_low();
}

void LibcameraPictures::queue(unsigned buffer) {
  const int error = calls_->queue(buffer);
  if (error == 0) return;
  if (error == -ENODEV || calls_->disconnected())
    throw SourceLost("camera " + camera_.id + " has been unplugged.");
  throw SourceLost("camera " + camera_.id + " takes no more requests: " + words_of(error) + ".");
}

std::optional<PictureView> LibcameraPictures::next() {
  release();
  const auto request = newest();
  if (calls_->disconnected()) throw SourceLost("camera " + camera_.id + " has been unplugged.");
  if (!request) return std::nullopt;
  PictureView picture = view(*request);
  if (low_format_) put_low(request->buffer, picture);
  return picture;
}

std::optional<CompletedRequest> LibcameraPictures::newest() {
  std::optional<CompletedRequest> newest;
  // What comes back within this call is not waited for: a camera that is quicker than we are would never let
  // us go.
  petrel::Duration limit = max_device_wait;
  for (int left = 2 * static_cast<int>(wanted_buffers); left > 0; --left) {
    const auto request = calls_->completed(std::exchange(limit, {}));
    if (!request) break;
    if (!is_picture(*request)) continue;
    if (newest) {
      ++skipped_;
      queue(newest->buffer);
    }
    newest = request;
  }
  return newest;
}

bool LibcameraPictures::is_picture(const CompletedRequest& request) {
  if (request.outcome == CompletedRequest::Outcome::picture) {
    broken_in_row_ = 0;
    return true;
  }
  // A cancelled request belongs to a camera that stops; its buffer is not wanted back.
  if (request.outcome == CompletedRequest::Outcome::cancelled) return false;
  ++broken_;
  if (++broken_in_row_ >= max_broken_in_row)
    throw SourceLost("camera " + camera_.id + " gives broken pictures only. Is its cable in place?");
  queue(request.buffer);
  return false;
}

void LibcameraPictures::put_low(unsigned buffer, const PictureView& picture) {
  PictureView low = view_of(calls_->low_buffer(buffer), *low_format_);
  low.offset = picture.offset;
  low.captured = picture.captured;
  if (is_complete(low)) settings_.low->put(low);
}

PictureView LibcameraPictures::view(const CompletedRequest& request) {
  const CameraBuffer& buffer = calls_->buffer(request.buffer);
  PictureView picture = view_of(buffer, format_);
  picture.dmabuf = dmabuf_of(buffer, layout_of(format_));
  picture.lease = lent_.lend(request.buffer);

  if (!first_timestamp_ns_) first_timestamp_ns_ = request.timestamp_ns;
  picture.offset = petrel::Duration(static_cast<std::int64_t>(request.timestamp_ns - *first_timestamp_ns_));
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const petrel::TimePoint captured{
      petrel::Duration(static_cast<std::int64_t>(std::min(request.timestamp_ns, most)))};
  const petrel::Duration age = clock_.now() - captured;
  if (age < plausible_age && -age < plausible_age) picture.captured = captured;
  return picture;
}

void LibcameraPictures::release() {
  while (const auto buffer = lent_.take_back()) queue(*buffer);
}

std::string LibcameraPictures::name() const {
  return "camera " + (camera_.model.empty() ? camera_.id : camera_.model) + " by libcamera";
}

std::string list_cameras(CameraCalls& calls) {
  std::string lines;
  if (const int error = calls.open(); error < 0) {
    lines = "libcamera finds no camera: " + words_of(error) + ".\n";
  } else {
    for (const FoundCamera& camera : calls.cameras()) {
      lines += "--source libcamera:" + camera.id;
      if (!camera.model.empty()) lines += "  " + camera.model;
      if (!camera.location.empty()) lines += ", " + camera.location;
      lines += '\n';
    }
    if (lines.empty()) lines = "libcamera finds no camera.\n";
  }
  calls.close();
  return lines;
}

}  // namespace camera
