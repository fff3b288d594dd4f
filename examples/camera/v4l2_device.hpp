#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "petrel/base/time.hpp"

namespace camera {

/// The system calls on one open V4L2 device, so that tests can answer them. It is closed, and its memory
/// unmapped, with the object.
class V4l2Device {
 public:
  virtual ~V4l2Device() = default;

  /// ioctl(2), repeated on EINTR. 0, or the error number.
  virtual int control(unsigned long request, void* argument) = 0;
  /// mmap(2), shared, to read and write. Empty on failure, with the error number in `error`.
  virtual std::span<std::uint8_t> map(std::size_t length, std::size_t offset, int& error) = 0;
  /// munmap(2) of what map() has given.
  virtual void unmap(std::span<std::uint8_t> memory) = 0;
  /// poll(2) for POLLIN. The events that came (POLLERR among them), 0 for none in that time.
  virtual short wait(petrel::Duration longest) = 0;
  /// Takes over a descriptor that VIDIOC_EXPBUF has given.
  virtual void keep(int descriptor) = 0;
};

/// Where V4L2 devices come from.
class V4l2System {
 public:
  /// Not blocking. nullptr on failure, with the error number in `error`.
  virtual std::unique_ptr<V4l2Device> open(const std::string& path, int& error) = 0;
  /// All video devices, by number.
  virtual std::vector<std::string> paths() = 0;

 protected:
  ~V4l2System() = default;
};

/// The kernel's.
V4l2System& linux_v4l2();

}  // namespace camera
