#pragma once

#include <linux/videodev2.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "camera/v4l2_device.hpp"
#include "examples/virtual_clock.hpp"

namespace camera::testing {

/// A camera as V4L2 drivers behave, with its faults in a table. It checks what a driver would: that buffers
/// are known, mapped and queued once, and that nothing comes before the stream is on.
struct ScriptedCamera {
  struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::uint32_t> rates;  ///< Empty: the driver lists none.
  };
  struct Shot {
    std::vector<std::uint8_t> bytes;
    petrel::TimePoint stamp{};
    std::uint32_t flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  };

  explicit ScriptedCamera(VirtualClock& own_clock) : clock(own_clock) {}

  VirtualClock& clock;
  std::uint32_t capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  std::map<std::uint32_t, std::vector<Size>> formats;
  std::vector<std::uint32_t> format_order;
  std::set<std::uint32_t> controls;  ///< That exist.
  std::uint32_t padding = 0;         ///< Bytes at the end of each row.
  std::uint32_t colorspace = V4L2_COLORSPACE_SRGB;
  bool exports_buffers = false;
  std::uint32_t sets_format = 0;  ///< What S_FMT sets instead of what is asked for.

  int open_error = 0;
  std::map<unsigned long, int> errors;  ///< By request: what it answers with.
  int map_error = 0;
  std::uint32_t buffers = 4;
  std::deque<Shot> shots;
  std::uint32_t wrong_index = 0;  ///< Added to what DQBUF gives.
  bool hangs_up = false;

  // What was done.
  std::vector<std::string> log;
  std::map<std::uint32_t, std::int32_t> set_controls;
  std::set<std::uint32_t> queued;
  std::set<int> kept;
  std::map<int, std::span<const std::uint8_t>> exported;  ///< Memory by descriptor.
  int open = 0;
  bool streaming = false;
  v4l2_pix_format format{};
  v4l2_fract interval{};

  void add_format(std::uint32_t code, std::vector<Size> sizes) {
    format_order.push_back(code);
    formats[code] = std::move(sizes);
  }
  void shoot(std::vector<std::uint8_t> bytes) { shots.push_back({std::move(bytes), clock.now()}); }
};

class ScriptedCameraDevice final : public V4l2Device {
 public:
  explicit ScriptedCameraDevice(ScriptedCamera& camera) : camera_(camera) { ++camera_.open; }
  ~ScriptedCameraDevice() override {
    --camera_.open;
    if (count_ == 0) return;  // Another one has the buffers.
    camera_.queued.clear();
    camera_.streaming = false;
  }

  int control(unsigned long request, void* argument) override {
    if (const auto failed = camera_.errors.find(request); failed != camera_.errors.end())
      return failed->second;
    switch (request) {
      case VIDIOC_QUERYCAP:
        return query(*static_cast<v4l2_capability*>(argument));
      case VIDIOC_ENUM_FMT:
        return list(*static_cast<v4l2_fmtdesc*>(argument));
      case VIDIOC_ENUM_FRAMESIZES:
        return list(*static_cast<v4l2_frmsizeenum*>(argument));
      case VIDIOC_ENUM_FRAMEINTERVALS:
        return list(*static_cast<v4l2_frmivalenum*>(argument));
      case VIDIOC_S_FMT:
        return set(static_cast<v4l2_format*>(argument)->fmt.pix);
      case VIDIOC_S_PARM:
        return set(static_cast<v4l2_streamparm*>(argument)->parm.capture);
      case VIDIOC_REQBUFS:
        return request_buffers(*static_cast<v4l2_requestbuffers*>(argument));
      case VIDIOC_QUERYBUF:
        return query(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_EXPBUF:
        return export_buffer(*static_cast<v4l2_exportbuffer*>(argument));
      case VIDIOC_QBUF:
        return queue(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_DQBUF:
        return dequeue(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_STREAMON:
        return stream(true);
      case VIDIOC_STREAMOFF:
        return stream(false);
      case VIDIOC_QUERYCTRL:
        return camera_.controls.contains(static_cast<v4l2_queryctrl*>(argument)->id) ? 0 : EINVAL;
      case VIDIOC_S_CTRL:
        return set(*static_cast<v4l2_control*>(argument));
      default:
        return ENOTTY;
    }
  }

  std::span<std::uint8_t> map(std::size_t length, std::size_t offset, int& error) override {
    if (camera_.map_error != 0 || length == 0) {
      error = camera_.map_error != 0 ? camera_.map_error : EINVAL;
      return {};
    }
    auto& memory = memory_[static_cast<std::uint32_t>(offset / page)];
    memory.resize(length);
    return memory;
  }

  short wait(petrel::Duration longest) override {
    if (camera_.hangs_up) return POLLERR | POLLHUP;
    if (!camera_.streaming || camera_.shots.empty() || camera_.queued.empty()) {
      camera_.clock.wait(longest);
      return camera_.streaming ? short{0} : short{POLLERR};
    }
    return POLLIN;
  }

  void unmap(std::span<std::uint8_t>) override {}
  void keep(int descriptor) override { camera_.kept.insert(descriptor); }

 private:
  static constexpr std::uint32_t page = 0x1000;

  int query(v4l2_capability& out) const {
    std::memcpy(out.card, "Scripted\x01", 10);
    out.capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_META_CAPTURE | camera_.capabilities;
    out.device_caps = camera_.capabilities;
    return 0;
  }
  int list(v4l2_fmtdesc& out) const {
    if (out.type != V4L2_BUF_TYPE_VIDEO_CAPTURE || out.index >= camera_.format_order.size()) return EINVAL;
    out.pixelformat = camera_.format_order[out.index];
    return 0;
  }
  int list(v4l2_frmsizeenum& out) const {
    const auto& sizes = camera_.formats.at(out.pixel_format);
    if (out.index >= sizes.size()) return EINVAL;
    out.type = V4L2_FRMSIZE_TYPE_DISCRETE;
    out.discrete = {sizes[out.index].width, sizes[out.index].height};
    return 0;
  }
  int list(v4l2_frmivalenum& out) const {
    for (const auto& size : camera_.formats.at(out.pixel_format)) {
      if (size.width != out.width || size.height != out.height || out.index >= size.rates.size()) continue;
      out.type = V4L2_FRMIVAL_TYPE_DISCRETE;
      out.discrete = {1, size.rates[out.index]};
      return 0;
    }
    return EINVAL;
  }
  int set(v4l2_pix_format& format) {
    if (camera_.streaming || !memory_.empty()) return EBUSY;
    if (camera_.sets_format != 0) format.pixelformat = camera_.sets_format;
    const bool packed = format.pixelformat == V4L2_PIX_FMT_YUYV;
    const bool coded = format.pixelformat == V4L2_PIX_FMT_H264 || format.pixelformat == V4L2_PIX_FMT_MJPEG;
    format.bytesperline = coded ? 0 : (packed ? 2 : 1) * format.width + camera_.padding;
    format.sizeimage = coded ? 500'000 : format.bytesperline * format.height * (packed ? 2 : 3) / 2;
    format.colorspace = camera_.colorspace;
    camera_.format = format;
    return 0;
  }
  int set(v4l2_captureparm& parameters) const {
    camera_.interval = parameters.timeperframe;
    return 0;
  }
  int set(const v4l2_control& control) const {
    if (!camera_.controls.contains(control.id)) return EINVAL;
    camera_.set_controls[control.id] = control.value;
    return 0;
  }
  int request_buffers(v4l2_requestbuffers& request) {
    if (request.memory != V4L2_MEMORY_MMAP || camera_.format.sizeimage == 0) return EINVAL;
    request.count = std::min(request.count, camera_.buffers);
    count_ = request.count;
    return 0;
  }
  int query(v4l2_buffer& buffer) const {
    if (buffer.index >= count_) return EINVAL;
    buffer.length = camera_.format.sizeimage;
    buffer.m.offset = buffer.index * page;
    return 0;
  }
  int export_buffer(v4l2_exportbuffer& buffer) const {
    if (!camera_.exports_buffers) return ENOTTY;
    buffer.fd = 100 + static_cast<int>(buffer.index);
    camera_.exported[buffer.fd] = memory_.at(buffer.index);
    return 0;
  }
  int queue(const v4l2_buffer& buffer) {
    if (!memory_.contains(buffer.index) || !camera_.queued.insert(buffer.index).second) return EINVAL;
    order_.push_back(buffer.index);
    return 0;
  }
  int dequeue(v4l2_buffer& buffer) {
    if (!camera_.streaming) return EINVAL;
    if (camera_.hangs_up) return ENODEV;
    if (camera_.shots.empty() || order_.empty()) return EAGAIN;
    const ScriptedCamera::Shot shot = camera_.shots.front();
    camera_.shots.pop_front();
    buffer.index = order_.front();
    order_.pop_front();
    camera_.queued.erase(buffer.index);
    auto& memory = memory_.at(buffer.index);
    std::ranges::copy_n(shot.bytes.begin(),
                        static_cast<std::ptrdiff_t>(std::min(memory.size(), shot.bytes.size())),
                        memory.begin());
    buffer.bytesused = static_cast<std::uint32_t>(shot.bytes.size());
    buffer.flags = shot.flags;
    const auto since = shot.stamp.time_since_epoch();
    buffer.timestamp.tv_sec = since / std::chrono::seconds(1);
    buffer.timestamp.tv_usec = since % std::chrono::seconds(1) / std::chrono::microseconds(1);
    buffer.index += camera_.wrong_index;
    return 0;
  }
  int stream(bool on) const {
    camera_.streaming = on;
    camera_.log.emplace_back(on ? "on" : "off");
    return 0;
  }

  ScriptedCamera& camera_;
  std::uint32_t count_ = 0;
  std::map<std::uint32_t, std::vector<std::uint8_t>> memory_;
  std::deque<std::uint32_t> order_;
};

/// /dev with one scripted camera, or several.
class ScriptedCameras final : public V4l2System {
 public:
  std::unique_ptr<V4l2Device> open(const std::string& path, int& error) override {
    const auto found = cameras.find(path);
    error = found == cameras.end() ? ENOENT : found->second->open_error;
    if (error != 0) return nullptr;
    return std::make_unique<ScriptedCameraDevice>(*found->second);
  }
  std::vector<std::string> paths() override {
    std::vector<std::string> all;
    for (const auto& [path, camera] : cameras) all.push_back(path);
    return all;
  }

  std::map<std::string, ScriptedCamera*> cameras;
};

}  // namespace camera::testing
