#include "camera/v4l2_queue.hpp"

#include <linux/videodev2.h>

#include <cerrno>
#include <chrono>

#include "camera/source_lost.hpp"
#include "camera/v4l2_error.hpp"

namespace camera {
namespace {

// A buffer with the one plane that it points to.
struct OnePlane {
  v4l2_plane plane{};
  v4l2_buffer buffer{};

  OnePlane(std::uint32_t type, std::uint32_t memory, std::uint32_t index) {
    buffer.type = type;
    buffer.memory = memory;
    buffer.index = index;
    buffer.length = 1;
    buffer.m.planes = &plane;
  }
  OnePlane(const OnePlane&) = delete;
  OnePlane& operator=(const OnePlane&) = delete;

  void stamp(petrel::Duration time) {
    buffer.timestamp.tv_sec = time / std::chrono::seconds(1);
    buffer.timestamp.tv_usec = time % std::chrono::seconds(1) / std::chrono::microseconds(1);
  }
};

std::uint32_t code_of(V4l2Queue::Memory memory) {
  return memory == V4l2Queue::Memory::mapped ? V4L2_MEMORY_MMAP : V4L2_MEMORY_DMABUF;
}

}  // namespace

void V4l2Queue::request(Memory memory, std::uint32_t count) {
  memory_ = memory;
  v4l2_requestbuffers request{};
  request.type = type_;
  request.memory = code_of(memory);
  request.count = count;
  if (const int error = device_.control(VIDIOC_REQBUFS, &request)) {
    throw_v4l2_setup_error(name_, "buffers", error);
  }
  count_ = request.count;
  if (count_ == 0) throw_v4l2_setup_error(name_, "buffers", ENOMEM);
  for (std::uint32_t i = 0; memory == Memory::mapped && i < count_; ++i) {
    OnePlane one(type_, code_of(memory_), i);
    if (const int error = device_.control(VIDIOC_QUERYBUF, &one.buffer)) {
      throw_v4l2_setup_error(name_, "to describe a buffer", error);
    }
    int error = 0;
    mapped_.push_back(device_.map(one.plane.length, one.plane.m.mem_offset, error));
    if (mapped_.back().empty()) throw_v4l2_setup_error(name_, "a buffer to be mapped", error);
  }
}

void V4l2Queue::start() {
  int type = static_cast<int>(type_);
  if (const int error = device_.control(VIDIOC_STREAMON, &type)) {
    throw_v4l2_setup_error(name_, "to start", error);
  }
  is_running_ = true;
}

void V4l2Queue::stop() {
  int type = static_cast<int>(type_);
  if (is_running_) device_.control(VIDIOC_STREAMOFF, &type);
  is_running_ = false;
  for (const std::span<std::uint8_t> memory : mapped_) device_.unmap(memory);
  mapped_.clear();
  v4l2_requestbuffers none{};
  none.type = type_;
  none.memory = code_of(memory_);
  if (count_ != 0) device_.control(VIDIOC_REQBUFS, &none);
  count_ = 0;
}

void V4l2Queue::queue(std::uint32_t index, std::size_t bytes, petrel::Duration stamp) {
  OnePlane one(type_, code_of(memory_), index);
  one.plane.bytesused = static_cast<std::uint32_t>(bytes);
  one.plane.length = static_cast<std::uint32_t>(mapped_[index].size());
  one.stamp(stamp);
  if (const int error = device_.control(VIDIOC_QBUF, &one.buffer)) throw_v4l2_loss(name_, "a buffer", error);
}

bool V4l2Queue::queue_imported(std::uint32_t index, int dmabuf, std::size_t bytes, petrel::Duration stamp) {
  OnePlane one(type_, code_of(memory_), index);
  one.plane.bytesused = one.plane.length = static_cast<std::uint32_t>(bytes);
  one.plane.m.fd = dmabuf;
  one.stamp(stamp);
  return device_.control(VIDIOC_QBUF, &one.buffer) == 0;
}

std::optional<V4l2Queue::Done> V4l2Queue::dequeue() {
  OnePlane one(type_, code_of(memory_), 0);
  const int error = device_.control(VIDIOC_DQBUF, &one.buffer);
  if (error == EAGAIN) return std::nullopt;
  if (error != 0) throw_v4l2_loss(name_, "to give a buffer back", error);
  if (one.buffer.index >= count_) throw_v4l2_loss(name_, "to say which buffer it gives back", EINVAL);
  Done done;
  done.index = one.buffer.index;
  done.stamp = std::chrono::seconds(one.buffer.timestamp.tv_sec) +
               std::chrono::microseconds(one.buffer.timestamp.tv_usec);
  done.bytes = one.plane.bytesused;
  done.is_broken = (one.buffer.flags & V4L2_BUF_FLAG_ERROR) != 0 ||
                   (memory_ == Memory::mapped && done.bytes > mapped_[done.index].size());
  return done;
}

}  // namespace camera
