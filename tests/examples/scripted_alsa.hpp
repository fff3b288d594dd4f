#pragma once

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "camera/audio/alsa_calls.hpp"
#include "camera/audio/sound.hpp"

namespace camera::audio::testing {

/// Time that passes when somebody waits.
struct VirtualTime {
  petrel::TimePoint now = petrel::TimePoint(std::chrono::hours(1));
  Clock clock() {
    return [this] { return now; };
  }
};

/// What a device does. Outlives the calls, as a device does.
struct Device {
  VirtualTime time;
  std::string name = "default";
  bool present = true;
  int open_error = 0;           ///< Of the next open(), and of all others.
  unsigned rate = sample_rate;  ///< What it can do without `plug:`.
  unsigned channels = 1;
  bool refuses_format = false;  ///< Without `plug:`.
  bool plug_refuses = false;
  std::deque<int> wait_errors;      ///< Answers of the next calls; then it works.
  std::deque<int> transfer_errors;  ///< Of read() and write().
  std::deque<int> start_errors;     ///< Of prepare().
  std::deque<int> resume_errors;
  bool stalled = false;
  long playback_delay = 0;       ///< Frames.
  bool instant = false;          ///< Gives sound as fast as it is read.
  long most_frames = 100'000;    ///< For one read() or write().
  std::int16_t next_sample = 0;  ///< Counts up, so that a gap can be seen.

  std::vector<std::string> opened;
  int prepared = 0;
  int started = 0;
  int resumed = 0;
  int closed = 0;
  std::vector<std::int16_t> written;
  std::int64_t taken_frames = 0;
  petrel::TimePoint running_since{};
};

class ScriptedAlsa final : public AlsaCalls {
 public:
  explicit ScriptedAlsa(Device& device) : device_(device) {}

  int open(SoundDirection direction, const std::string& name) override {
    direction_ = direction;
    device_.opened.push_back(name);
    plugged_ = name.starts_with("plug:");
    if (device_.open_error != 0) return device_.open_error;
    return device_.present ? 0 : -ENODEV;
  }
  int configure(AlsaFormat& format) override {
    if (plugged_ ? device_.plug_refuses : device_.refuses_format) return -EINVAL;
    if (!plugged_) format.rate = device_.rate;
    format.channels = channels_ = device_.channels;
    return 0;
  }
  int prepare() override {
    ++device_.prepared;
    return begin(next(device_.start_errors));
  }
  int start() override {
    ++device_.started;
    return 0;
  }
  int resume() override {
    ++device_.resumed;
    return next(device_.resume_errors);
  }
  int wait(petrel::Duration limit) override {
    if (const int error = next(device_.wait_errors); error != 0) return error;
    if (!device_.present) return -ENODEV;
    if (device_.stalled) {
      device_.time.now += limit;
      return 0;
    }
    if (!device_.instant && frames() == 0) device_.time.now += std::chrono::milliseconds(10);
    return 1;
  }
  long read(std::span<std::int16_t> samples) override {
    if (const int error = next(device_.transfer_errors); error != 0) return error;
    if (!device_.present) return -ENODEV;
    if (device_.stalled) return -EAGAIN;
    const auto room = static_cast<long>(samples.size() / channels_);
    const long count = std::min({room, device_.instant ? room : frames(), device_.most_frames});
    for (long frame = 0; frame < count; ++frame) {
      for (unsigned channel = 0; channel < channels_; ++channel)
        samples[static_cast<std::size_t>(frame) * channels_ + channel] = device_.next_sample;
      ++device_.next_sample;
    }
    device_.taken_frames += count;
    return count == 0 ? -EAGAIN : count;
  }
  long write(std::span<const std::int16_t> samples) override {
    if (const int error = next(device_.transfer_errors); error != 0) return error;
    if (!device_.present) return -ENODEV;
    if (device_.stalled) return -EAGAIN;
    const long count = std::min(static_cast<long>(samples.size() / channels_), device_.most_frames);
    device_.written.insert(device_.written.end(), samples.begin(), samples.begin() + count * channels_);
    return count;
  }
  long delay() override {
    if (direction_ == SoundDirection::playback) return device_.playback_delay;
    return device_.instant ? 0 : frames();
  }
  void close() override { ++device_.closed; }

 private:
  static int next(std::deque<int>& script) {
    if (script.empty()) return 0;
    const int answer = script.front();
    script.pop_front();
    return answer;
  }
  int begin(int error) {
    device_.running_since = device_.time.now;
    device_.taken_frames = 0;
    return error;
  }
  // What a microphone has heard and nobody has read.
  long frames() const {
    const auto heard = (device_.time.now - device_.running_since).count() * 48 / 1'000'000;
    return static_cast<long>(heard - device_.taken_frames);
  }

  Device& device_;
  SoundDirection direction_ = SoundDirection::capture;
  unsigned channels_ = 1;
  bool plugged_ = false;
};

}  // namespace camera::audio::testing
