#include "camera/v4l2_encoder.hpp"

#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "camera/picture_conversion.hpp"
#include "camera/source_lost.hpp"
#include "camera/v4l2_error.hpp"
#include "camera/v4l2_modes.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace h264 = petrel::rtp::h264;

constexpr std::uint32_t into_chip = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;  // "Output" of the program.
constexpr std::uint32_t out_of_chip = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
// As many as cameras have buffers, so that each keeps its place and is mapped once.
constexpr std::uint32_t picture_buffers = 8;
constexpr std::uint32_t coding_buffers = 4;
// A key frame of 1080p at the highest quality fits, and a chip may ask for more.
constexpr std::uint32_t coding_size = 1024 * 1024;
// A key frame every so often even when nobody asks, for players that never send PLI.
constexpr double seconds_between_key_frames = 10;
constexpr petrel::Duration poll_interval = std::chrono::milliseconds(5);
// Of the time from a picture to the next. The rest is for getting that one and copying it.
constexpr double share_of_interval = 0.75;
// A driver that says it needs more than V4L2 has buffers for (VIDEO_MAX_FRAME) is not believed.
constexpr std::int32_t most_pictures_needed = 32;
constexpr std::uint32_t max_listed = 256;

std::vector<std::uint32_t> formats_of(V4l2Device& device, std::uint32_t type) {
  std::vector<std::uint32_t> formats;
  for (std::uint32_t i = 0; i < max_listed; ++i) {
    v4l2_fmtdesc description{};
    description.index = i;
    description.type = type;
    if (device.control(VIDIOC_ENUM_FMT, &description) != 0) break;
    formats.push_back(description.pixelformat);
  }
  return formats;
}

bool has(const std::vector<std::uint32_t>& formats, std::uint32_t format) {
  return std::ranges::find(formats, format) != formats.end();
}

// The formats that it takes, of those that come here; empty when it is no encoder.
std::vector<std::uint32_t> taken_by_encoder(V4l2Device& device, std::string& card) {
  v4l2_capability capability{};
  if (device.control(VIDIOC_QUERYCAP, &capability) != 0) return {};
  const auto* name = reinterpret_cast<const char*>(capability.card);
  card.assign(name, ::strnlen(name, sizeof capability.card));
  const bool has_own = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0;
  const std::uint32_t own = has_own ? capability.device_caps : capability.capabilities;
  constexpr std::uint32_t needed = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
  if ((own & needed) != needed || !has(formats_of(device, out_of_chip), V4L2_PIX_FMT_H264)) return {};
  std::vector<std::uint32_t> taken = formats_of(device, into_chip);
  std::erase_if(taken, [](std::uint32_t f) { return f != V4L2_PIX_FMT_NV12 && f != V4L2_PIX_FMT_YUV420; });
  return taken;
}

std::int32_t level_code(int level) {
  switch (level) {
    case 30:
      return V4L2_MPEG_VIDEO_H264_LEVEL_3_0;
    case 31:
      return V4L2_MPEG_VIDEO_H264_LEVEL_3_1;
    case 32:
      return V4L2_MPEG_VIDEO_H264_LEVEL_3_2;
    case 40:
      return V4L2_MPEG_VIDEO_H264_LEVEL_4_0;
    case 42:
      return V4L2_MPEG_VIDEO_H264_LEVEL_4_2;
    case 51:
      return V4L2_MPEG_VIDEO_H264_LEVEL_5_1;
    default:
      return V4L2_MPEG_VIDEO_H264_LEVEL_5_2;
  }
}

// What its NAL units are, since a chip says less about a buffer than the stream does.
h264::AccessUnit described(std::vector<std::byte> bytes, bool& has_picture) {
  h264::AccessUnit unit;
  unit.bytes = std::move(bytes);
  h264::NalReader reader(unit.bytes);
  while (const auto nal = reader.next()) {
    const h264::NalType type = h264::nal_type((*nal)[0]);
    unit.has_parameters = unit.has_parameters || type == h264::NalType::sps;
    unit.key_frame = unit.key_frame || type == h264::NalType::idr_slice;
    has_picture = has_picture || h264::is_picture_data(type);
  }
  return unit;
}

void copy_rows(const Plane& from, std::span<std::uint8_t> to, int stride, int bytes, int rows) {
  for (int row = 0; row < rows; ++row) {
    const auto source =
        from.samples.subspan(static_cast<std::size_t>(row * from.stride), static_cast<std::size_t>(bytes));
    std::ranges::copy(source, to.subspan(static_cast<std::size_t>(row * stride)).begin());
  }
}

}  // namespace

std::string find_v4l2_encoder(V4l2System& system) {
  for (const std::string& path : system.paths()) {
    int error = 0;
    std::string card;
    const auto device = system.open(path, error);
    if (device && !taken_by_encoder(*device, card).empty()) return path;
  }
  return "";
}

V4l2Encoder::V4l2Encoder(V4l2System& system, const std::string& path, const EncoderSettings& settings,
                         Clock& clock)
    : path_(path),
      settings_(settings),
      clock_(clock),
      device_([&] {
        int error = 0;
        auto opened = system.open(path, error);
        if (!opened) throw_v4l2_setup_error(path, "to be opened", error);
        return opened;
      }()),
      pictures_(*device_, path, into_chip),
      codings_(*device_, path, out_of_chip) {
  formats_ = taken_by_encoder(*device_, card_);
  if (formats_.empty()) {
    throw shared::UserError(path_ + " is no encoder from NV12 or YU12 to H.264. Use --encoder openh264.");
  }
  const Picture grey(settings_.width, settings_.height);
  // A chip with a pipeline gives the first coding with a later picture.
  constexpr int pipeline = 4;
  for (int i = 0; i < std::max(pipeline, needed_) && profile_level_id_.empty(); ++i) {
    encode_within(grey, std::chrono::milliseconds(i), 2 * longest_picture);
  }
  if (profile_level_id_.empty()) throw SourceLost(path_ + " encodes nothing. Use --encoder openh264.");
  stop();
  ready_.clear();
}

V4l2Encoder::~V4l2Encoder() { stop(); }

std::string V4l2Encoder::name() const { return card_ + " (" + path_ + ")"; }

V4l2Encoder::Input V4l2Encoder::input_for(const PictureView& picture) const {
  const std::uint32_t own = picture.format == PixelFormat::nv12 ? V4L2_PIX_FMT_NV12 : V4L2_PIX_FMT_YUV420;
  const bool taken = picture.format != PixelFormat::yuyv && has(formats_, own);
  // Without a lease the buffer would have to be back by the end of the call.
  if (taken && picture.dmabuf && picture.lease && imports_) {
    const Plane& luma = picture.planes[0];
    const auto rows = (picture.planes[1].samples.data() - luma.samples.data()) / std::max(1, luma.stride);
    return {own, V4l2Queue::Memory::imported, luma.stride, static_cast<int>(rows)};
  }
  // What the chip does not take becomes I420, or NV12 of that.
  return {taken ? own : formats_.front(), V4l2Queue::Memory::mapped, 0, 0};
}

EncodedPicture V4l2Encoder::encode(const PictureView& picture, petrel::Duration offset) {
  return encode_within(
      picture, offset,
      petrel::Duration(std::llround(share_of_interval * 1e9 / std::max(1.0, settings_.frames_per_second))));
}

EncodedPicture V4l2Encoder::encode_within(const PictureView& picture, petrel::Duration offset,
                                          petrel::Duration longest) {
  if (const Input input = input_for(picture); restart_wanted_ || input != input_) {
    stop();
    start(input);
  }
  wait_for_room();
  if (!give(picture, offset)) {
    // From here on it is copied.
    imports_ = false;
    return encode_within(picture, offset, longest);
  }
  // With fewer nothing comes, however long it is waited for.
  if (inside_.size() >= static_cast<std::size_t>(needed_)) wait_for_coding(longest);
  if (auto coding = finished()) return *std::move(coding);
  EncodedPicture nothing;
  nothing.offset = offset;
  return nothing;
}

void V4l2Encoder::start(const Input& input) {
  set_formats(input);
  Input actual = input;
  if (input.memory == V4l2Queue::Memory::imported && (stride_ != input.stride || rows_ != input.rows)) {
    imports_ = false;  // The chip wants rows of another length, or its chroma elsewhere.
    actual = {input.format, V4l2Queue::Memory::mapped, 0, 0};
  }
  set_controls();
  needed_ = pictures_needed();
  pictures_.request(actual.memory, std::max(picture_buffers, static_cast<std::uint32_t>(needed_)));
  depth_ = std::min<std::size_t>(pictures_.size(), std::max(max_inside, static_cast<std::size_t>(needed_)));
  codings_.request(V4l2Queue::Memory::mapped, coding_buffers);
  for (std::uint32_t i = 0; i < codings_.size(); ++i) codings_.queue(i, 0, {});
  pictures_.start();
  codings_.start();
  input_ = actual;
}

void V4l2Encoder::stop() {
  pictures_.stop();
  codings_.stop();
  input_.reset();
  restart_wanted_ = false;
  inside_.clear();
  index_of_dmabuf_.clear();
  headers_.clear();
}

// The coded side first: it decides which raw formats there are.
void V4l2Encoder::set_formats(const Input& input) {
  v4l2_format format{};
  format.type = out_of_chip;
  format.fmt.pix_mp.width = static_cast<std::uint32_t>(settings_.width);
  format.fmt.pix_mp.height = static_cast<std::uint32_t>(settings_.height);
  format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
  format.fmt.pix_mp.num_planes = 1;
  format.fmt.pix_mp.plane_fmt[0].sizeimage = coding_size;
  if (const int error = device_->control(VIDIOC_S_FMT, &format)) {
    throw_v4l2_setup_error(path_, "to give H.264", error);
  }

  format = {};
  format.type = into_chip;
  format.fmt.pix_mp.width = static_cast<std::uint32_t>(settings_.width);
  format.fmt.pix_mp.height = static_cast<std::uint32_t>(settings_.height);
  format.fmt.pix_mp.pixelformat = input.format;
  format.fmt.pix_mp.field = V4L2_FIELD_NONE;
  format.fmt.pix_mp.colorspace =
      settings_.colours.is_bt709 ? V4L2_COLORSPACE_REC709 : V4L2_COLORSPACE_SMPTE170M;
  format.fmt.pix_mp.quantization = static_cast<std::uint8_t>(
      settings_.colours.full_range ? V4L2_QUANTIZATION_FULL_RANGE : V4L2_QUANTIZATION_LIM_RANGE);
  format.fmt.pix_mp.num_planes = 1;
  format.fmt.pix_mp.plane_fmt[0].bytesperline = static_cast<std::uint32_t>(input.stride);
  if (const int error = device_->control(VIDIOC_S_FMT, &format)) {
    throw_v4l2_setup_error(path_, "pictures of that size", error);
  }
  const v4l2_pix_format_mplane& set = format.fmt.pix_mp;
  // The chip may pad the picture to whole macroblocks, but not shrink it.
  rows_ = static_cast<int>(set.height);
  stride_ = std::max(static_cast<int>(set.plane_fmt[0].bytesperline), static_cast<int>(set.width));
  picture_size_ = set.plane_fmt[0].sizeimage;
  const auto least = static_cast<std::size_t>(stride_) * static_cast<std::size_t>(rows_) * 3 / 2;
  if (set.pixelformat != input.format || static_cast<int>(set.width) < settings_.width ||
      rows_ < settings_.height || picture_size_ < least) {
    throw shared::UserError(path_ + " encodes no " + fourcc_text(input.format) + " of " +
                            std::to_string(settings_.width) + "x" + std::to_string(settings_.height) +
                            ", at most " + std::to_string(set.width) + "x" + std::to_string(set.height) +
                            ". Use a smaller --size, or --encoder openh264.");
  }
  constexpr std::uint32_t scale = 1000;
  v4l2_streamparm rate{};
  rate.type = into_chip;
  rate.parm.output.timeperframe = {
      scale, static_cast<std::uint32_t>(std::lround(settings_.frames_per_second * scale))};
  device_->control(VIDIOC_S_PARM, &rate);  // Only for its rate control; not every chip asks.
}

// How many pictures the chip must have before it begins; most say nothing about it.
int V4l2Encoder::pictures_needed() {
  v4l2_control argument{V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 0};
  if (device_->control(VIDIOC_G_CTRL, &argument) != 0) return 1;
  return std::clamp(argument.value, 1, most_pictures_needed);
}

bool V4l2Encoder::set(std::uint32_t control, std::int32_t value) {
  v4l2_control argument{control, value};
  return device_->control(VIDIOC_S_CTRL, &argument) == 0;
}

// Chips differ in what they have. Without the profile browsers see nothing; the rest is as good as it gets.
void V4l2Encoder::set_controls() {
  const auto period = static_cast<std::int32_t>(
      std::lround(std::max(1.0, settings_.frames_per_second * seconds_between_key_frames)));
  set(V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR);
  set(V4L2_CID_MPEG_VIDEO_BITRATE, static_cast<std::int32_t>(settings_.bits_per_second));
  if (!set(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) &&
      !set(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE)) {
    throw shared::UserError(path_ + " does not encode H.264 Baseline. Use --encoder openh264.");
  }
  set(V4L2_CID_MPEG_VIDEO_H264_LEVEL, level_code(level_for(settings_)));
  set(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0);
  set(V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, period);
  set(V4L2_CID_MPEG_VIDEO_GOP_SIZE, period);
  set(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1);
}

bool V4l2Encoder::give(const PictureView& picture, petrel::Duration offset) {
  if (input_->memory == V4l2Queue::Memory::mapped) {
    const std::uint32_t index = free_index();
    copy(picture, pictures_.memory(index));
    pictures_.queue(index, picture_size_, offset);
    inside_.push_back({index, clock_.now(), nullptr});
  } else {
    const std::uint32_t index = index_for(*picture.dmabuf);
    if (!pictures_.queue_imported(index, *picture.dmabuf, picture_size_, offset)) return false;
    inside_.push_back({index, clock_.now(), picture.lease});
  }
  return true;
}

void V4l2Encoder::copy(const PictureView& picture, std::span<std::uint8_t> into) const {
  const bool is_nv12 = input_->format == V4L2_PIX_FMT_NV12;
  PictureView view = picture;
  if (picture.format != (is_nv12 ? PixelFormat::nv12 : PixelFormat::i420)) {
    if (!converted_) converted_.emplace(picture.width, picture.height);
    convert_to_i420(picture, *converted_);
    view = *converted_;
  }
  const auto luma = static_cast<std::size_t>(stride_) * static_cast<std::size_t>(rows_);
  copy_rows(view.planes[0], into, stride_, view.width, view.height);
  if (!is_nv12) {
    copy_rows(view.planes[1], into.subspan(luma), stride_ / 2, view.width / 2, view.height / 2);
    copy_rows(view.planes[2], into.subspan(luma + luma / 4), stride_ / 2, view.width / 2, view.height / 2);
  } else if (view.format == PixelFormat::nv12) {
    copy_rows(view.planes[1], into.subspan(luma), stride_, view.width, view.height / 2);
  } else {
    for (int row = 0; row < view.height / 2; ++row) {
      const auto out = into.subspan(luma + static_cast<std::size_t>(row * stride_));
      for (int x = 0; x < view.width / 2; ++x) {
        const auto at = static_cast<std::size_t>(x);
        out[2 * at] = view.planes[1].samples[static_cast<std::size_t>(row * view.planes[1].stride) + at];
        out[2 * at + 1] = view.planes[2].samples[static_cast<std::size_t>(row * view.planes[2].stride) + at];
      }
    }
  }
}

bool V4l2Encoder::is_inside(std::uint32_t index) const {
  return std::ranges::find(inside_, index, &Inside::index) != inside_.end();
}

std::uint32_t V4l2Encoder::free_index() const {
  std::uint32_t index = 0;
  while (is_inside(index)) ++index;
  return index;
}

// A DMA buffer keeps its place, so that the kernel maps it once.
std::uint32_t V4l2Encoder::index_for(int dmabuf) {
  const auto next = static_cast<std::uint32_t>(index_of_dmabuf_.size()) % pictures_.size();
  const std::uint32_t own = index_of_dmabuf_.try_emplace(dmabuf, next).first->second;
  return is_inside(own) ? free_index() : own;
}

void V4l2Encoder::wait_for_room() {
  take_back();
  while (inside_.size() >= depth_) wait_a_little();
}

void V4l2Encoder::wait_for_coding(petrel::Duration longest) {
  const petrel::TimePoint given = clock_.now();
  take_back();
  while (ready_.empty()) {
    const petrel::Duration waited = clock_.now() - given;
    if (waited >= longest || (inside_.empty() && waited >= longest_coding)) return;
    wait_a_little();
  }
}

void V4l2Encoder::wait_a_little() {
  if (!inside_.empty() && clock_.now() - inside_.front().given >= longest_picture) {
    throw SourceLost(path_ + " has kept a picture for a second: the encoder hangs.");
  }
  // POLLERR: nothing is queued on one of the sides, or it is gone, which the next call says.
  if ((device_->wait(poll_interval) & POLLERR) != 0) clock_.wait(poll_interval);
  take_back();
}

void V4l2Encoder::take_back() {
  while (const auto done = pictures_.dequeue()) {
    std::erase_if(inside_, [&](const Inside& each) { return each.index == done->index; });
  }
  while (auto coding = take_coding()) ready_.push_back(*std::move(coding));
}

std::optional<EncodedPicture> V4l2Encoder::finished() {
  if (input_) take_back();
  if (ready_.empty()) return std::nullopt;
  EncodedPicture first = std::move(ready_.front());
  ready_.pop_front();
  return first;
}

std::optional<EncodedPicture> V4l2Encoder::take_coding() {
  while (const auto done = codings_.dequeue()) {
    std::vector<std::byte> bytes = std::exchange(headers_, {});
    if (!done->is_broken) {
      const auto own = std::as_bytes(codings_.memory(done->index).first(done->bytes));
      bytes.insert(bytes.end(), own.begin(), own.end());
    }
    codings_.queue(done->index, 0, {});
    if (done->is_broken) {
      force_key_frame();
      continue;
    }
    bool has_picture = false;
    h264::AccessUnit unit = described(std::move(bytes), has_picture);
    if (unit.has_parameters) read_profile(unit);
    parameter_sets_.note(unit);
    if (!has_picture) {
      headers_ = std::move(unit.bytes);
      continue;
    }
    parameter_sets_.complete(unit);
    return EncodedPicture{std::move(unit.bytes), unit.key_frame, done->stamp};
  }
  return std::nullopt;
}

void V4l2Encoder::read_profile(const h264::AccessUnit& unit) {
  h264::NalReader reader(unit.bytes);
  while (const auto nal = reader.next()) {
    if (h264::nal_type((*nal)[0]) != h264::NalType::sps) continue;
    if (const auto parameters = h264::parse_sequence_parameters(*nal)) {
      profile_level_id_ = profile_level_id_of(*parameters);
    }
  }
}

// A chip that cannot be asked starts anew, which begins with a key frame. The pictures inside are lost then.
void V4l2Encoder::force_key_frame() {
  restart_wanted_ = input_ && !set(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
}

void V4l2Encoder::set_bitrate(std::uint32_t bits_per_second) {
  settings_.bits_per_second = bits_per_second;
  set(V4L2_CID_MPEG_VIDEO_BITRATE, static_cast<std::int32_t>(bits_per_second));
}

}  // namespace camera
