#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "camera/v4l2_device.hpp"
#include "petrel/base/time.hpp"

namespace camera {

/// One of the two queues of a multi-planar memory-to-memory device, with buffers of one plane.
///
/// Calls that fail throw as v4l2_error.hpp says. Nothing is undone when it goes: call stop(), or close the
/// device.
class V4l2Queue {
 public:
  enum class Memory : std::uint8_t {
    mapped,    ///< The device's own, mapped here.
    imported,  ///< DMA buffers of somebody else, given with each queue_imported().
  };
  struct Done {
    std::uint32_t index = 0;
    std::size_t bytes = 0;
    petrel::Duration stamp{};  ///< As it was queued on the other side.
    bool is_broken = false;
  };

  /// `type` is V4L2_BUF_TYPE_VIDEO_…_MPLANE. `name` is the device's path.
  V4l2Queue(V4l2Device& device, std::string name, std::uint32_t type)
      : device_(device), name_(std::move(name)), type_(type) {}

  void request(Memory memory, std::uint32_t count);
  void start();
  /// Stops and gives all buffers back. Never fails: the device may be gone.
  void stop();

  std::uint32_t size() const { return count_; }
  std::span<std::uint8_t> memory(std::uint32_t index) const { return mapped_[index]; }

  void queue(std::uint32_t index, std::size_t bytes, petrel::Duration stamp);
  /// False: the device does not take that buffer.
  bool queue_imported(std::uint32_t index, int dmabuf, std::size_t bytes, petrel::Duration stamp);
  /// nullopt: none is ready.
  std::optional<Done> dequeue();

 private:
  V4l2Device& device_;
  std::string name_;
  std::uint32_t type_;
  Memory memory_ = Memory::mapped;
  std::uint32_t count_ = 0;
  bool is_running_ = false;
  std::vector<std::span<std::uint8_t>> mapped_;
};

}  // namespace camera
