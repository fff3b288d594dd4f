#include "camera/audio/speaker.hpp"

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "camera/audio/talkers.hpp"

namespace camera::audio {

struct Speaker::Inbox {
  /// Without a packet: the viewer is gone.
  struct Item {
    petrel::TimePoint arrived{};
    std::uint64_t viewer = 0;
    std::vector<std::byte> packet;
  };

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;  // All under the mutex.
  std::deque<Item> waiting;
  std::uint64_t dropped = 0;

  void push(Item item) {
    {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(item));
      if (waiting.size() > max_waiting) {
        waiting.pop_front();
        ++dropped;
      }
    }
    changed.notify_one();
  }

  void deliver_to(Talkers& talkers) {
    std::deque<Item> items;
    {
      const std::lock_guard lock(mutex);
      items.swap(waiting);
    }
    for (const Item& item : items) {
      if (item.packet.empty()) {
        talkers.handle_gone(item.viewer);
      } else {
        talkers.handle_packet(item.arrived, item.viewer, item.packet);
      }
    }
  }

  // False: stop now.
  bool pause(petrel::Duration duration) {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, duration, [this] { return stopping; });
  }
  bool wait_for_somebody() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return stopping || !waiting.empty(); });
    return !stopping;
  }
};

Speaker::Speaker(std::unique_ptr<SoundSink> sink, Clock clock)
    : description_(sink->description()), inbox_(std::make_shared<Inbox>()) {
  thread_ = std::thread([sink = std::move(sink), clock = std::move(clock), inbox = inbox_] {
    try {
      run(*sink, clock, *inbox);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "petrel-camera: talk is not heard any more: %s\n", error.what());
    }
  });
}

Speaker::~Speaker() { stop(); }

void Speaker::stop() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->stopping = true;
  }
  inbox_->changed.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Speaker::handle_packet(petrel::TimePoint now, std::uint64_t viewer, petrel::Bytes rtp_packet) {
  if (!rtp_packet.empty()) inbox_->push({now, viewer, {rtp_packet.begin(), rtp_packet.end()}});
}

void Speaker::handle_gone(std::uint64_t viewer) { inbox_->push({{}, viewer, {}}); }

std::uint64_t Speaker::dropped() const {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->dropped;
}

void Speaker::run(SoundSink& sink, const Clock& clock, Inbox& inbox) {
  Talkers talkers;
  const auto fill = [&](Block& block) {
    inbox.deliver_to(talkers);
    talkers.mix(clock(), block);
  };
  while (inbox.wait_for_somebody()) {
    inbox.deliver_to(talkers);
    petrel::Duration pause{};
    while (talkers.anybody_talks()) {
      if (!inbox.pause(pause)) return;
      pause = sink.step(fill);
    }
    sink.rest();
  }
}

}  // namespace camera::audio
