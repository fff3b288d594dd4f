#include "camera/audio/microphone.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace camera::audio {

// What the thread and the posted functions share. It outlives the Microphone, since a function may still be
// in the executor's queue then.
struct Microphone::Link {
  struct Packet {
    std::vector<std::byte> bytes;
    petrel::TimePoint captured{};
  };

  OnFrame on_frame;  // These two on the executor only.
  bool stopped = false;
  std::mutex mutex;
  std::condition_variable stop_requested;
  bool stopping = false;  // From here on under the mutex.
  std::deque<Packet> waiting;
  std::uint64_t dropped = 0;

  // False: stop now.
  bool pause(petrel::Duration duration) {
    std::unique_lock lock(mutex);
    return !stop_requested.wait_for(lock, duration, [this] { return stopping; });
  }

  // True: the executor is to be told.
  bool push(Packet packet) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(packet));
    if (waiting.size() > max_waiting) {
      waiting.pop_front();
      ++dropped;
    }
    return waiting.size() == 1;
  }

  std::deque<Packet> take_all() {
    const std::lock_guard lock(mutex);
    return std::exchange(waiting, {});
  }
};

Microphone::Microphone(std::unique_ptr<SoundSource> source, const OpusSettings& settings,
                       asio::any_io_executor executor, OnFrame on_frame)
    : description_(source->description()), link_(std::make_shared<Link>()) {
  link_->on_frame = std::move(on_frame);
  thread_ = std::thread([source = std::move(source), encoder = SoundEncoder(settings),
                         executor = std::move(executor), link = link_]() mutable {
    try {
      run(*source, encoder, executor, link);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "petrel-camera: the sound has ended: %s\n", error.what());
    }
  });
}

Microphone::~Microphone() { stop(); }

void Microphone::stop() {
  {
    const std::lock_guard lock(link_->mutex);
    link_->stopping = true;
  }
  link_->stop_requested.notify_one();
  if (thread_.joinable()) thread_.join();
  // The function stays until the last posted one has run: it may be what calls us.
  link_->stopped = true;
}

std::uint64_t Microphone::dropped() const {
  const std::lock_guard lock(link_->mutex);
  return link_->dropped;
}

void Microphone::run(SoundSource& source, SoundEncoder& encoder, const asio::any_io_executor& executor,
                     const std::shared_ptr<Link>& link) {
  petrel::Duration pause{};
  while (link->pause(pause)) {
    SoundSource::Step step = source.step();
    pause = step.pause;
    if (!step.sound) continue;
    std::vector<std::byte> packet = encoder.encode(step.sound->samples);
    if (packet.empty() || !link->push({std::move(packet), step.sound->captured})) continue;
    asio::post(executor, [link] {
      for (Link::Packet& each : link->take_all()) {
        if (link->stopped) return;
        link->on_frame(petrel::EncodedFrame::make(std::move(each.bytes), {.capture_time = each.captured}));
      }
    });
  }
}

}  // namespace camera::audio
