#pragma once

#include <optional>
#include <string>

#include "camera/clock.hpp"
#include "camera/file_descriptor.hpp"
#include "camera/frame_source.hpp"
#include "camera/live_stream.hpp"

namespace camera {

/// Reads a LiveStream from a pipe.
class LiveReader {
 public:
  LiveReader(FileDescriptor file, std::string name, Clock& clock)
      : file_(std::move(file)), stream_(std::move(name)), clock_(clock) {}

  /// The next picture; waits at most max_device_wait for it.
  std::optional<AccessUnit> next();
  /// Nothing more will come: the other end is closed, or the pipe fails.
  bool ended() const { return ended_; }
  const LiveStream& stream() const { return stream_; }

 private:
  void read_some();

  FileDescriptor file_;
  LiveStream stream_;
  Clock& clock_;
  bool ended_ = false;
};

}  // namespace camera
