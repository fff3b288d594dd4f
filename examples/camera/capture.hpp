#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "camera/frame_source.hpp"
#include "petrel/base/time.hpp"

namespace camera {

/// An access unit with the moment it was taken, on the time line of petrel's cores (the steady clock).
struct CapturedFrame {
  AccessUnit unit;
  petrel::TimePoint captured{};
};

/// Runs a source on a thread of its own, at the source's pace or as fast as a live one gives pictures, and
/// hands its frames to an executor.
///
/// The thread shares nothing with the executor but the posted frames. An executor that falls behind loses
/// frames here, not memory: at most `max_pending` wait, and a key frame is forced after a loss, or waited for
/// where the source makes none on demand.
class Capture {
 public:
  static constexpr int max_pending = 8;

  using OnFrame = std::function<void(const CapturedFrame&)>;
  using OnEnd = std::function<void(const std::string& reason)>;  ///< The source cannot go on.

  /// Both functions are called on `executor`. `source` outlives this object.
  Capture(FrameSource& source, asio::any_io_executor executor, OnFrame on_frame, OnEnd on_end);
  /// As stop().
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Ends the thread, which takes as long as one picture, or as max_device_wait. Call on the executor: no
  /// function is called afterwards.
  void stop();

 private:
  struct Link;

  static void run(FrameSource& source, asio::any_io_executor executor, std::shared_ptr<Link> link);

  std::shared_ptr<Link> link_;
  std::thread thread_;
};

}  // namespace camera
