#include "camera/capture.hpp"

#include <asio/post.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
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

  bool is_stopping() {
    const std::lock_guard lock(mutex);
    return stopping;
  }

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

namespace {

// Waits until the source's next picture is due, on a time line that begins with its first.
class Pace {
 public:
  // When it was due; nullopt: the source is live.
  std::optional<Clock::time_point> next(const FrameSource& source) {
    const auto offset = source.next_due();
    if (!offset) return std::nullopt;
    const auto own = std::chrono::duration_cast<Clock::duration>(*offset);
    const auto now = Clock::now();
    if (!start_) start_ = now - own;
    if (now - (*start_ + own) > max_lateness) start_ = now - own;
    return *start_ + own;
  }

 private:
  std::optional<Clock::time_point> start_;
};

}  // namespace

void Capture::run(FrameSource& source, asio::any_io_executor executor, std::shared_ptr<Link> link) {
  Pace pace;
  bool lost_one = false;
  try {
    for (;;) {
      const auto due = pace.next(source);
      if (due ? !link->wait_until(*due) : link->is_stopping()) return;

      auto unit = source.next();
      if (!unit) continue;
      if (link->pending >= max_pending || (lost_one && !unit->key_frame && !source.can_force_key_frame())) {
        source.force_key_frame();
        lost_one = true;
        continue;
      }
      lost_one = false;
      ++link->pending;
      const auto captured = unit->captured.value_or(on_protocol_clock(due.value_or(Clock::now())));
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
