#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "camera/libcamera/camera_calls.hpp"
#include "examples/virtual_clock.hpp"

namespace camera::testing {

// What a camera does. Outlives the calls, as a camera does.
struct LibcameraDevice {
  std::vector<FoundCamera> cameras{{"/base/i2c/imx708@1a", "imx708", "back"}, {"usb-2", "", ""}};
  std::vector<CameraControl> controls{
      {"AfMode", 1, ControlKind::integer, 0, 2, {{"AfModeAuto", 1}, {"AfModeContinuous", 2}}},
      {"AeEnable", 2, ControlKind::boolean, 0, 1, {}},
      {"Brightness", 3, ControlKind::real, -1, 1, {}},
      {"AfWindows", 4, ControlKind::other, 0, 0, {}}};
  int open_error = 0;
  int acquire_error = 0;
  int configure_error = 0;
  std::optional<CameraFormat> gives;         // Instead of what was asked for.
  bool has_second = false;                   // A second stream, of …
  std::optional<CameraFormat> gives_second;  // … this instead of what was asked for.
  int allocated = 4;
  int start_error = 0;
  std::deque<int> queue_errors;
  bool takes_frame_duration = true;
  bool separate_planes = true;
  int second_descriptor = 7;
  bool disconnected = false;
  std::deque<CompletedRequest> completed;

  void complete(unsigned buffer, CompletedRequest::Outcome outcome = CompletedRequest::Outcome::picture,
                petrel::Duration at = std::chrono::hours(1)) {
    completed.push_back({buffer, outcome, static_cast<std::uint64_t>(at.count())});
  }

  std::string acquired;
  CameraStart started;
  std::vector<unsigned> queued;
  int waits = 0;
  int closed = 0;
};

class ScriptedLibcamera final : public CameraCalls {
 public:
  ScriptedLibcamera(LibcameraDevice& camera, VirtualClock& clock) : camera_(camera), clock_(clock) {}

  int open() override { return camera_.open_error; }
  std::vector<FoundCamera> cameras() override { return camera_.cameras; }
  int acquire(const std::string& id) override {
    camera_.acquired = id;
    return camera_.acquire_error;
  }
  std::vector<CameraControl> controls() override { return camera_.controls; }
  int configure(CameraFormat& format, CameraFormat* low) override {
    if (camera_.configure_error != 0) return camera_.configure_error;
    if (low != nullptr) {
      if (camera_.gives_second) *low = *camera_.gives_second;
      low->stride = low->width + 32;
      if (!camera_.has_second) low->width = 0;
      low_format_ = *low;
    }
    if (camera_.gives) format = *camera_.gives;
    if (format.stride == 0) format.stride = format.width + 64;
    format_ = format;
    return 0;
  }
  int allocate() override {
    const auto size = static_cast<std::size_t>(format_.stride * format_.height);
    for (int i = 0; i < camera_.allocated; ++i) {
      memory_.emplace_back(size * 3 / 2, static_cast<std::uint8_t>(i));
      const std::span<const std::uint8_t> all = memory_.back();
      CameraBuffer buffer;
      if (camera_.separate_planes) {
        buffer.planes = {{all.first(size), 7, 0},
                         {all.subspan(size, size / 4), camera_.second_descriptor, size},
                         {all.subspan(size * 5 / 4), 7, size * 5 / 4}};
      } else {
        buffer.planes = {{all, 7, 0}};
      }
      buffers_.push_back(buffer);
      const auto low_size = static_cast<std::size_t>(low_format_.stride * low_format_.height);
      memory_.emplace_back(low_size * 3 / 2, static_cast<std::uint8_t>(100 + i));
      low_buffers_.push_back({{{memory_.back(), 8, 0}}});
    }
    return camera_.allocated;
  }
  const CameraBuffer& low_buffer(unsigned index) override { return low_buffers_.at(index); }
  const CameraBuffer& buffer(unsigned index) override { return buffers_.at(index); }
  bool takes_frame_duration() override { return camera_.takes_frame_duration; }
  int start(const CameraStart& start) override {
    camera_.started = start;
    return camera_.start_error;
  }
  int queue(unsigned buffer) override {
    camera_.queued.push_back(buffer);
    if (camera_.queue_errors.empty()) return 0;
    const int error = camera_.queue_errors.front();
    camera_.queue_errors.pop_front();
    return error;
  }
  std::optional<CompletedRequest> completed(petrel::Duration limit) override {
    if (camera_.completed.empty()) {
      if (limit > petrel::Duration{}) ++camera_.waits;
      clock_.wait(limit);
      return std::nullopt;
    }
    const CompletedRequest request = camera_.completed.front();
    camera_.completed.pop_front();
    return request;
  }
  bool disconnected() override { return camera_.disconnected; }
  void close() override { ++camera_.closed; }

 private:
  LibcameraDevice& camera_;
  VirtualClock& clock_;
  CameraFormat format_;
  CameraFormat low_format_;
  std::deque<std::vector<std::uint8_t>> memory_;
  std::vector<CameraBuffer> buffers_;
  std::vector<CameraBuffer> low_buffers_;
};

}  // namespace camera::testing
