#include "camera/capture.hpp"

#include <asio/post.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace camera {
namespace {

using Clock = std::chrono::steady_clock;

// A source that is further behind than this has been stopped (a suspended laptop, a busy machine): it
// goes on from now instead of catching up in a burst.
constexpr auto max_lateness = std::chrono::milliseconds(500);

petrel::TimePoint on_protocol_clock(Clock::time_point time) {
  return petrel::TimePoint(std::chrono::duration_cast<petrel::Duration>(time.time_since_epoch()));
}

}  // namespace

// What the thread and the posted functions share. It outlives the Capture, since a function may still be
// in the executor's queue then.
struct Capture::Link {
  OnFrame on_frame;  // These three on the executor only.
  OnEnd on_end;
  bool stopped = false;
  std::atomic<int> pending = 0;
  std::mutex mutex;
  std::condition_variable stop_requested;
  bool stopping = false;  // Under the mutex.

  // False: stop now.
  bool wait_until(Clock::time_point due) {
    std::unique_lock lock(mutex);
    return !stop_requested.wait_until(lock, due, [this] { return stopping; });
  }
};

Capture::Capture(FrameSource& source, asio::any_io_executor executor, OnFrame on_frame, OnEnd on_end)
    : link_(std::make_shared<Link>()) {
  link_->on_frame = std::move(on_frame);
  link_->on_end = std::move(on_end);
  thread_ =
      std::thread([&source, executor = std::move(executor), link = link_] { run(source, executor, link); });
}

Capture::~Capture() { stop(); }

void Capture::stop() {
  {
    const std::lock_guard lock(link_->mutex);
    link_->stopping = true;
  }
  link_->stop_requested.notify_one();
  if (thread_.joinable()) thread_.join();
  // The functions stay until the last posted one has run: one of them may be what calls us.
  link_->stopped = true;
}

void Capture::run(FrameSource& source, asio::any_io_executor executor, std::shared_ptr<Link> link) {
  Clock::time_point start = Clock::now() - std::chrono::duration_cast<Clock::duration>(source.next_due());
  try {
    for (;;) {
      auto due = start + std::chrono::duration_cast<Clock::duration>(source.next_due());
      if (const auto lateness = Clock::now() - due; lateness > max_lateness) {
        start += lateness;
        due += lateness;
      }
      if (!link->wait_until(due)) return;

      auto unit = source.next();
      if (!unit) continue;
      if (link->pending >= max_pending) {
        source.force_key_frame();
        continue;
      }
      ++link->pending;
      const auto captured = on_protocol_clock(due);
      asio::post(executor, [link, frame = CapturedFrame{*std::move(unit), captured}] {
        --link->pending;
        if (!link->stopped) link->on_frame(frame);
      });
    }
  } catch (const std::exception& error) {
    asio::post(executor, [link, reason = std::string(error.what())] {
      if (!link->stopped) link->on_end(reason);
    });
  }
}

}  // namespace camera
