#pragma once

#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "camera/openh264_encoder.hpp"
#include "camera/picture.hpp"
#include "camera/v4l2_device.hpp"
#include "examples/virtual_clock.hpp"

namespace camera::testing {

/// A chip's encoder as V4L2's stateful encoder interface has it, with OpenH264 inside, so that what comes out
/// can be decoded and is of the very samples that went in. It refuses what a driver would refuse, calls in a
/// wrong order first of all.
struct ScriptedEncoder {
  explicit ScriptedEncoder(VirtualClock& own_clock) : clock(own_clock) {}

  VirtualClock& clock;
  std::set<std::uint32_t> formats{V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12};
  std::set<std::uint32_t> missing_controls;
  bool knows_constrained_baseline = true;
  std::uint32_t row_alignment = 32;   ///< Of bytesperline, …
  std::uint32_t rows_alignment = 16;  ///< … and of the height.
  std::uint32_t max_width = 1920;
  std::uint32_t capabilities = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
  int pipeline = 0;             ///< Pictures that stay inside until later ones come.
  bool headers_apart = false;   ///< SPS and PPS come in a buffer of their own.
  bool repeats_headers = true;  ///< False: REPEAT_SEQ_HEADER does nothing, only the first IDR has them.
  bool keeps_pictures = false;  ///< Hangs: gives no picture back.
  petrel::Duration latency{};   ///< Until it has read a picture and coded it; several at once.
  std::int32_t needed = 0;  ///< MIN_BUFFERS_FOR_OUTPUT, and it does not begin before it has them; 0: unknown.
  bool encodes_nothing = false;
  int broken_codings = 0;  ///< That the next codings are.
  int import_error = 0;
  int open_error = 0;
  std::map<unsigned long, int> errors;
  std::map<int, std::vector<std::uint8_t>> dmabufs;  ///< By descriptor: their samples.
  /// Other DMA buffers.
  std::function<std::span<const std::uint8_t>(int descriptor)> imports;

  // What was done.
  std::map<std::uint32_t, std::int32_t> controls;
  std::vector<std::string> log;  ///< Calls that change something, in order.
  int open = 0;
  int imported = 0;
  int copied = 0;
  int starts = 0;
  std::size_t most_inside = 0;  ///< Pictures at once.
};

class ScriptedEncoderDevice final : public V4l2Device {
 public:
  explicit ScriptedEncoderDevice(ScriptedEncoder& chip) : chip_(chip) { ++chip_.open; }
  ~ScriptedEncoderDevice() override { --chip_.open; }

  int control(unsigned long request, void* argument) override {
    if (const auto failed = chip_.errors.find(request); failed != chip_.errors.end()) return failed->second;
    switch (request) {
      case VIDIOC_QUERYCAP: {
        auto& out = *static_cast<v4l2_capability*>(argument);
        std::memcpy(out.card, "a chip", 7);
        out.capabilities = V4L2_CAP_DEVICE_CAPS | chip_.capabilities;
        out.device_caps = chip_.capabilities;
        return 0;
      }
      case VIDIOC_ENUM_FMT:
        return list(*static_cast<v4l2_fmtdesc*>(argument));
      case VIDIOC_S_FMT:
        return set(*static_cast<v4l2_format*>(argument));
      case VIDIOC_S_PARM:
        return logged("rate", 0);
      case VIDIOC_G_CTRL: {
        auto& out = *static_cast<v4l2_control*>(argument);
        if (out.id != V4L2_CID_MIN_BUFFERS_FOR_OUTPUT || chip_.needed == 0) return EINVAL;
        out.value = chip_.needed;
        return 0;
      }
      case VIDIOC_S_CTRL:
        return set(*static_cast<v4l2_control*>(argument));
      case VIDIOC_REQBUFS:
        return request_buffers(*static_cast<v4l2_requestbuffers*>(argument));
      case VIDIOC_QUERYBUF:
        return query(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_STREAMON:
        return stream(*static_cast<int*>(argument), true);
      case VIDIOC_STREAMOFF:
        return stream(*static_cast<int*>(argument), false);
      case VIDIOC_QBUF:
        return queue(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_DQBUF:
        return dequeue(*static_cast<v4l2_buffer*>(argument));
      default:
        return ENOTTY;
    }
  }
  std::span<std::uint8_t> map(std::size_t length, std::size_t offset, int& error) override {
    Side& side = offset < coded_offset ? in_ : out_;
    const std::size_t index = offset % coded_offset;
    if (index >= side.count || length != side.size) {
      error = EINVAL;
      return {};
    }
    side.memory[index].assign(length, 0xEE);
    ++mapped_;
    return side.memory[index];
  }
  void unmap(std::span<std::uint8_t>) override { --mapped_; }
  short wait(petrel::Duration longest) override {
    work();
    if (!codings_.empty()) return POLLIN;
    chip_.clock.wait(longest);
    work();
    return codings_.empty() ? short{0} : short{POLLIN};
  }
  void keep(int) override {}

 private:
  static constexpr std::size_t coded_offset = 1 << 20;
  struct Side {
    bool has_format = false;
    bool is_on = false;
    std::uint32_t memory_kind = 0;
    std::uint32_t count = 0;
    std::size_t size = 0;
    std::map<std::size_t, std::vector<std::uint8_t>> memory;
    std::set<std::uint32_t> queued;
    std::deque<std::uint32_t> done;
  };
  /// A picture that is not read yet.
  struct Unread {
    petrel::TimePoint done{};
    std::uint32_t index = 0;
    std::span<const std::uint8_t> samples;
    timeval stamp{};
  };
  struct Coding {
    std::vector<std::byte> bytes;
    timeval stamp{};
    bool key_frame = false;
  };

  static bool is_in(std::uint32_t type) { return type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE; }
  Side& side(std::uint32_t type) { return is_in(type) ? in_ : out_; }
  int logged(const std::string& what, int result) {
    chip_.log.push_back(what);
    return result;
  }

  int list(v4l2_fmtdesc& out) const {
    const std::set<std::uint32_t> coded{V4L2_PIX_FMT_H264};
    const auto& formats = is_in(out.type) ? chip_.formats : coded;
    if (out.index >= formats.size()) return EINVAL;
    out.pixelformat = *std::next(formats.begin(), out.index);
    return 0;
  }
  int set(v4l2_format& format) {
    auto& pixels = format.fmt.pix_mp;
    Side& own = side(format.type);
    if (own.count != 0) return EBUSY;
    const auto up = [](std::uint32_t value, std::uint32_t step) { return (value + step - 1) / step * step; };
    if (is_in(format.type)) {
      if (!out_.has_format || !chip_.formats.contains(pixels.pixelformat)) return EINVAL;
      pixels.width = std::min(pixels.width, chip_.max_width);
      pixels.height = up(pixels.height, chip_.rows_alignment);
      auto& plane = pixels.plane_fmt[0];
      plane.bytesperline = up(std::max(plane.bytesperline, pixels.width), chip_.row_alignment);
      plane.sizeimage = plane.bytesperline * pixels.height * 3 / 2;
      pixels_ = pixels;
    } else {
      if (pixels.pixelformat != V4L2_PIX_FMT_H264) return EINVAL;
      coded_width_ = static_cast<int>(pixels.width);
      coded_height_ = static_cast<int>(pixels.height);
    }
    own.has_format = true;
    own.size = pixels.plane_fmt[0].sizeimage;
    return logged(is_in(format.type) ? "format in" : "format out", 0);
  }
  int set(const v4l2_control& control) {
    if (chip_.missing_controls.contains(control.id)) return EINVAL;
    if (control.id == V4L2_CID_MPEG_VIDEO_H264_PROFILE && !chip_.knows_constrained_baseline &&
        control.value == V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) {
      return EINVAL;
    }
    if (control.id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME) {
      if (!encoder_) return EINVAL;
      encoder_->force_key_frame();
    }
    chip_.controls[control.id] = control.value;
    return 0;
  }
  int request_buffers(v4l2_requestbuffers& request) {
    Side& own = side(request.type);
    if (!own.has_format || own.is_on) return EINVAL;
    if (request.count == 0 && mapped_ > 0 && request.memory == V4L2_MEMORY_MMAP && own.memory.empty())
      return EBUSY;
    if (request.memory == V4L2_MEMORY_DMABUF && !is_in(request.type)) return EINVAL;
    own.count = std::min(request.count, 32u);
    own.memory_kind = request.memory;
    own.memory.clear();
    own.queued.clear();
    own.done.clear();
    const std::string kind = request.memory == V4L2_MEMORY_MMAP ? "mapped" : "imported";
    return logged((is_in(request.type) ? "in " : "out ") + kind + " " + std::to_string(request.count), 0);
  }
  int query(v4l2_buffer& buffer) {
    const Side& own = side(buffer.type);
    if (buffer.index >= own.count || buffer.length != 1 || own.memory_kind != V4L2_MEMORY_MMAP) return EINVAL;
    buffer.m.planes[0].length = static_cast<std::uint32_t>(own.size);
    buffer.m.planes[0].m.mem_offset =
        static_cast<std::uint32_t>((is_in(buffer.type) ? 0 : coded_offset) + buffer.index);
    return 0;
  }
  int stream(int type, bool on) {
    Side& own = side(static_cast<std::uint32_t>(type));
    if (on && (own.count == 0 || !in_.has_format)) return EINVAL;
    own.is_on = on;
    if (!on) {
      own.queued.clear();
      own.done.clear();
      codings_.clear();
      waiting_.clear();
      unread_.clear();
      encoder_.reset();
    } else if (in_.is_on && out_.is_on) {
      ++chip_.starts;
      first_ = true;
      encoder_ = std::make_unique<OpenH264Encoder>(EncoderSettings{coded_width_, coded_height_});
    }
    return logged((is_in(static_cast<std::uint32_t>(type)) ? std::string("in ") : std::string("out ")) +
                      (on ? "on" : "off"),
                  0);
  }
  int queue(v4l2_buffer& buffer) {
    Side& own = side(buffer.type);
    if (buffer.index >= own.count || buffer.memory != own.memory_kind || own.queued.contains(buffer.index)) {
      return EINVAL;
    }
    if (is_in(buffer.type)) {
      std::span<const std::uint8_t> samples;
      if (own.memory_kind == V4L2_MEMORY_DMABUF) {
        if (chip_.import_error != 0) return chip_.import_error;
        const int descriptor = buffer.m.planes[0].m.fd;
        const auto found = chip_.dmabufs.find(descriptor);
        if (found == chip_.dmabufs.end() && !chip_.imports) return EBADF;
        samples = found != chip_.dmabufs.end() ? found->second : chip_.imports(descriptor);
        ++chip_.imported;
      } else {
        samples = own.memory.at(buffer.index);
        ++chip_.copied;
      }
      if (buffer.m.planes[0].bytesused != own.size || samples.size() < own.size) return EINVAL;
      unread_.push_back({chip_.clock.now() + chip_.latency, buffer.index, samples, buffer.timestamp});
      chip_.most_inside = std::max(chip_.most_inside, unread_.size());
    }
    own.queued.insert(buffer.index);
    work();
    return 0;
  }
  // Reads the pictures whose time has come, as they are now.
  void work() {
    while (!unread_.empty() && unread_.front().done <= chip_.clock.now() &&
           unread_.size() >= static_cast<std::size_t>(chip_.needed)) {
      const Unread next = unread_.front();
      unread_.pop_front();
      encode(next.samples, next.stamp);
      if (!chip_.keeps_pictures) in_.done.push_back(next.index);
    }
  }
  void encode(std::span<const std::uint8_t> samples, timeval stamp) {
    if (chip_.encodes_nothing || !encoder_) return;
    PictureView view;
    view.format = pixels_.pixelformat == V4L2_PIX_FMT_NV12 ? PixelFormat::nv12 : PixelFormat::i420;
    view.width = coded_width_;
    view.height = coded_height_;
    const int stride = static_cast<int>(pixels_.plane_fmt[0].bytesperline);
    const std::size_t luma = static_cast<std::size_t>(stride) * pixels_.height;
    view.planes[0] = {samples.first(luma), stride};
    if (view.format == PixelFormat::nv12) {
      view.planes[1] = {samples.subspan(luma), stride};
    } else {
      view.planes[1] = {samples.subspan(luma, luma / 4), stride / 2};
      view.planes[2] = {samples.subspan(luma + luma / 4), stride / 2};
    }
    EncodedPicture coded = encoder_->encode(view, {});
    if (coded.key_frame) separate_headers(coded.annex_b, stamp);
    first_ = false;
    waiting_.push_back({std::move(coded.annex_b), stamp, coded.key_frame});
    while (waiting_.size() > static_cast<std::size_t>(chip_.pipeline)) {
      codings_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  // Takes SPS and PPS off, where the chip gives them otherwise or not at all.
  void separate_headers(std::vector<std::byte>& bytes, timeval stamp) {
    const std::array idr{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}, std::byte{0x65}};
    const auto slice = std::ranges::search(bytes, idr).begin();
    const bool wanted = first_ || chip_.repeats_headers;
    if (wanted && !chip_.headers_apart) return;
    if (wanted) waiting_.push_back({{bytes.begin(), slice}, stamp, false});
    bytes.erase(bytes.begin(), slice);
  }
  int dequeue(v4l2_buffer& buffer) {
    Side& own = side(buffer.type);
    if (!own.is_on) return EINVAL;
    work();
    buffer.flags = 0;
    if (is_in(buffer.type)) {
      if (own.done.empty()) return EAGAIN;
      buffer.index = own.done.front();
      own.done.pop_front();
    } else {
      if (codings_.empty() || own.queued.empty()) return EAGAIN;
      buffer.index = *own.queued.begin();
      const Coding coding = std::move(codings_.front());
      codings_.pop_front();
      auto& memory = own.memory.at(buffer.index);
      std::ranges::transform(coding.bytes, memory.begin(),
                             [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
      buffer.m.planes[0].bytesused = static_cast<std::uint32_t>(coding.bytes.size());
      buffer.timestamp = coding.stamp;
      if (coding.key_frame) buffer.flags |= V4L2_BUF_FLAG_KEYFRAME;
      if (chip_.broken_codings > 0) {
        --chip_.broken_codings;
        buffer.flags |= V4L2_BUF_FLAG_ERROR;
      }
    }
    own.queued.erase(buffer.index);
    return 0;
  }

  ScriptedEncoder& chip_;
  Side in_;
  Side out_;
  int mapped_ = 0;
  v4l2_pix_format_mplane pixels_{};
  int coded_width_ = 0;
  int coded_height_ = 0;
  bool first_ = true;
  std::unique_ptr<OpenH264Encoder> encoder_;
  std::deque<Unread> unread_;
  std::deque<Coding> waiting_;
  std::deque<Coding> codings_;
};

/// /dev with scripted encoders.
class ScriptedEncoders final : public V4l2System {
 public:
  std::unique_ptr<V4l2Device> open(const std::string& path, int& error) override {
    const auto found = chips.find(path);
    error = found == chips.end() ? ENOENT : found->second->open_error;
    if (error != 0) return nullptr;
    return std::make_unique<ScriptedEncoderDevice>(*found->second);
  }
  std::vector<std::string> paths() override {
    std::vector<std::string> all;
    for (const auto& [path, chip] : chips) all.push_back(path);
    return all;
  }

  std::map<std::string, ScriptedEncoder*> chips;
};

}  // namespace camera::testing
