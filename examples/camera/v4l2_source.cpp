#include "camera/v4l2_source.hpp"

#include <linux/videodev2.h>

#include <cmath>
#include <utility>

#include "camera/parameter_sets.hpp"
#include "shared/number_text.hpp"

namespace camera {
namespace {

// Of a camera that makes no key frame on demand.
constexpr double seconds_between_key_frames = 1;

std::string name_of(const V4l2Capture& capture) {
  return capture.card() + " (" + capture.path() + ", " + fourcc_text(capture.mode().format) + ")";
}

}  // namespace

V4l2Pictures::V4l2Pictures(std::unique_ptr<V4l2Capture> capture)
    : capture_(std::move(capture)),
      width_(capture_->mode().width / 2 * 2),
      height_(capture_->mode().height / 2 * 2) {
  if (capture_->mode().format == V4L2_PIX_FMT_MJPEG) decoded_.emplace(width_, height_);
}

std::string V4l2Pictures::name() const { return name_of(*capture_); }

std::optional<PictureView> V4l2Pictures::next() {
  const auto frame = capture_->next();
  if (!frame) return std::nullopt;
  std::optional<PictureView> picture;
  if (!decoded_) {
    picture = raw_picture(*frame);
  } else if (jpeg_.decode(frame->bytes, *decoded_)) {
    picture = PictureView(*decoded_);
  }
  if (!picture) {
    ++broken_pictures_;
    return std::nullopt;
  }
  if (!first_) first_ = frame->captured;
  picture->captured = frame->captured;
  picture->offset = frame->captured - *first_;
  return picture;
}

std::optional<PictureView> V4l2Pictures::raw_picture(const V4l2Frame& frame) const {
  const int stride = capture_->stride();
  const auto rows = static_cast<std::size_t>(capture_->mode().height);
  const std::size_t luma = static_cast<std::size_t>(stride) * rows;
  const auto from = [&](std::size_t at) {
    return at < frame.bytes.size() ? frame.bytes.subspan(at) : std::span<const std::uint8_t>{};
  };
  PictureView picture;
  picture.width = width_;
  picture.height = height_;
  picture.dmabuf = frame.dmabuf;
  picture.lease = frame.lease;
  picture.planes[0] = {frame.bytes, stride};
  switch (capture_->mode().format) {
    case V4L2_PIX_FMT_YUYV:
      picture.format = PixelFormat::yuyv;
      break;
    case V4L2_PIX_FMT_NV12:
      picture.format = PixelFormat::nv12;
      picture.planes[1] = {from(luma), stride};
      break;
    default:
      picture.format = PixelFormat::i420;
      picture.planes[1] = {from(luma), stride / 2};
      picture.planes[2] = {from(luma + luma / 4), stride / 2};
  }
  if (!is_complete(picture)) return std::nullopt;
  return picture;
}

V4l2CodedSource::V4l2CodedSource(std::unique_ptr<V4l2Capture> capture, std::uint32_t bits_per_second)
    : capture_(std::move(capture)), stream_(capture_->path()) {
  set(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1);
  set(V4L2_CID_MPEG_VIDEO_BITRATE, static_cast<std::int32_t>(bits_per_second));
  v4l2_queryctrl query{};
  query.id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;
  can_force_key_frame_ = capture_->device().control(VIDIOC_QUERYCTRL, &query) == 0;
  if (!can_force_key_frame_) {
    set(V4L2_CID_MPEG_VIDEO_H264_I_PERIOD,
        static_cast<std::int32_t>(
            std::lround(std::max(1.0, capture_->mode().frames_per_second * seconds_between_key_frames))));
  }
}

bool V4l2CodedSource::set(std::uint32_t control, std::int32_t value) {
  v4l2_control argument{control, value};
  return capture_->device().control(VIDIOC_S_CTRL, &argument) == 0;
}

std::optional<AccessUnit> V4l2CodedSource::next() {
  if (const std::uint32_t bitrate = bitrate_wanted_.exchange(0); bitrate != 0) {
    set(V4L2_CID_MPEG_VIDEO_BITRATE, static_cast<std::int32_t>(bitrate));
  }
  if (key_frame_wanted_.exchange(false) && can_force_key_frame_) set(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
  if (auto unit = stream_.next()) return unit;
  auto frame = capture_->next();
  if (!frame) return std::nullopt;
  stream_.push(frame->captured, std::as_bytes(frame->bytes));
  frame.reset();
  capture_->release();
  // A buffer holds a picture: nothing more of it comes.
  if (const auto silence = stream_.next_timeout()) stream_.handle_timeout(*silence);
  return stream_.next();
}

std::string V4l2CodedSource::profile_level_id() const {
  return stream_.parameters() ? profile_level_id_of(*stream_.parameters()) : "";
}

std::string V4l2CodedSource::description() const {
  return name_of(*capture_) + ", " + shared::short_number(capture_->mode().frames_per_second) + " fps, " +
         stream_.description() + ", encoded by the camera";
}

std::variant<std::unique_ptr<PictureSource>, std::unique_ptr<FrameSource>> open_v4l2(
    V4l2System& system, const std::string& path, const V4l2Mode& wanted, std::uint32_t bits_per_second,
    Clock& clock) {
  auto capture = std::make_unique<V4l2Capture>(system, path, wanted, can_decode_jpeg(), clock);
  if (capture->mode().format == V4L2_PIX_FMT_H264) {
    return std::make_unique<V4l2CodedSource>(std::move(capture), bits_per_second);
  }
  return std::make_unique<V4l2Pictures>(std::move(capture));
}

}  // namespace camera
