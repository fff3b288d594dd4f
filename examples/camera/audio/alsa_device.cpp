#include "camera/audio/alsa_device.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace camera::audio {
namespace {

using namespace std::chrono_literals;

// How long a call to stop may take.
constexpr petrel::Duration longest_wait = 100ms;
constexpr petrel::Duration resume_pause = 100ms;
// USB microphones have been seen to go quiet like this without any error.
constexpr petrel::Duration stall_patience = 3s;

// A microphone's buffer is room for our own delays, and costs nothing while we are on time. A loudspeaker's
// is heard as delay.
constexpr unsigned capture_buffer_frames = 10 * block_samples;
constexpr unsigned playback_buffer_frames = 3 * block_samples;

// A capture time that is later by more is not jitter: sound has been lost.
constexpr petrel::Duration max_capture_error = 50ms;
// Otherwise the time line bends to what is measured, since the scheduler's delays must not be heard as jumps:
// by a part of the difference for each block, and by no more than a thousandth, of which real clocks drift a
// tenth.
constexpr int capture_smoothing = 64;
constexpr petrel::Duration max_capture_bend = block_duration / 1000;
// ALSA's null device gives silence as fast as it is asked, and takes sound as fast as it gets it.
constexpr petrel::Duration max_ahead = 100ms;
constexpr petrel::Duration max_playback_ahead = 200ms;
// Until a device that holds more than was asked for has played some of it.
constexpr petrel::Duration playback_pause = 5ms;

std::int16_t mean(const std::int16_t* frame, unsigned channels) {
  int sum = 0;
  for (unsigned i = 0; i < channels; ++i) sum += frame[i];
  return static_cast<std::int16_t>(sum / static_cast<int>(channels));
}

}  // namespace

AlsaDevice::AlsaDevice(std::unique_ptr<AlsaCalls> calls, SoundDirection direction, std::string name,
                       unsigned buffer_frames, Clock clock, Tell tell)
    : calls_(std::move(calls)),
      direction_(direction),
      name_(std::move(name)),
      buffer_frames_(buffer_frames),
      clock_(std::move(clock)),
      tell_(std::move(tell)) {}

std::optional<petrel::Duration> AlsaDevice::pause_before_use() {
  if (open_) return std::nullopt;
  const petrel::TimePoint now = clock_();
  if (retry_at_ && now < *retry_at_) return *retry_at_ - now;
  if (const int error = try_open(); error < 0) return lose(reason_of(error));
  open_ = true;
  return std::nullopt;
}

void AlsaDevice::handle_success() {
  retry_ = first_retry;
  if (!std::exchange(told_, {}).empty()) tell_("it is there again");
}

// A device by its hardware name (hw:1) has what it has. ALSA converts that where it is asked to.
int AlsaDevice::try_open() {
  int error = open(name_);
  if (error == -EINVAL) {
    calls_->close();
    error = open("plug:'" + name_ + "'");
  }
  if (error >= 0) error = start();
  if (error < 0) calls_->close();
  return error;
}

int AlsaDevice::open(const std::string& name) {
  if (const int error = calls_->open(direction_, name); error < 0) return error;
  AlsaFormat format{.rate = sample_rate, .channels = 1, .buffer_frames = buffer_frames_};
  if (const int error = calls_->configure(format); error < 0) return error;
  if (format.rate != sample_rate || format.channels == 0 || format.channels > max_channels) return -EINVAL;
  channels_ = format.channels;
  return 0;
}

// A loudspeaker starts by itself, once it has something to play.
int AlsaDevice::start() {
  const int error = calls_->prepare();
  return error < 0 || direction_ == SoundDirection::playback ? error : calls_->start();
}

petrel::Duration AlsaDevice::handle_failure(int error) {
  switch (error) {
    case -EAGAIN:
    case -EINTR:
      return {};
    case -EPIPE:
      ++breaks_;
      if (const int failed = start(); failed < 0) return lose(reason_of(failed));
      return {};
    case -ESTRPIPE: {
      const int resumed = calls_->resume();
      if (resumed == -EAGAIN) return resume_pause;
      if (resumed >= 0) return {};
      // Few devices can be resumed; the others begin anew.
      if (const int failed = start(); failed < 0) return lose(reason_of(failed));
      return {};
    }
    default:
      return lose(reason_of(error));
  }
}

petrel::Duration AlsaDevice::handle_stall() {
  return lose(direction_ == SoundDirection::capture ? "it gives no sound" : "it plays nothing");
}

// What stays wrong in the same way is worth one line.
petrel::Duration AlsaDevice::lose(const std::string& reason) {
  close();
  if (reason != told_) tell_(reason + ". It is looked for again; the picture goes on");
  told_ = reason;
  const petrel::Duration pause = std::exchange(retry_, std::min(2 * retry_, last_retry));
  retry_at_ = clock_() + pause;
  return pause;
}

void AlsaDevice::close() {
  calls_->close();
  open_ = false;
}

std::string AlsaDevice::reason_of(int error) const {
  const char* list = direction_ == SoundDirection::capture ? "arecord -L" : "aplay -L";
  switch (error) {
    case -ENOENT:
      return std::string("there is no such device; ") + list + " lists those that there are";
    case -ENODEV:
    case -ENXIO:
      return "it is not there, or has been unplugged";
    case -EBUSY:
      return "another program has it";
    case -EACCES:
    case -EPERM:
      return "this user may not use it; whoever is in the group \"audio\" may";
    case -EINVAL:
      return "it does not take 16-bit samples at 48 kHz, and ALSA cannot convert them";
    default:
      return "it fails: " + std::generic_category().message(-error);
  }
}

AlsaInput::AlsaInput(std::unique_ptr<AlsaCalls> calls, std::string name, Clock clock, Tell tell)
    : device_(std::move(calls), SoundDirection::capture, std::move(name), capture_buffer_frames,
              std::move(clock), std::move(tell)) {}

SoundSource::Step AlsaInput::step() {
  if (const auto pause = device_.pause_before_use()) {
    frames_.clear();
    next_capture_.reset();
    last_sound_.reset();
    return {std::nullopt, *pause};
  }
  const petrel::TimePoint now = device_.now();
  if (!last_sound_) last_sound_ = now;
  if (next_capture_ && *next_capture_ > now + max_ahead) return {std::nullopt, *next_capture_ - now};

  if (const int ready = device_.calls().wait(longest_wait); ready < 0) {
    frames_.clear();
    return {std::nullopt, device_.handle_failure(ready)};
  }
  const std::size_t had = frames_.size();
  frames_.resize(block_samples * device_.channels());
  const long got = device_.calls().read(std::span(frames_).subspan(had));
  frames_.resize(had + static_cast<std::size_t>(std::max(got, 0L)) * device_.channels());
  if (got > 0) {
    last_sound_ = device_.now();
    return take_block();
  }
  if (got < 0 && got != -EAGAIN) {
    frames_.clear();  // What comes next does not follow on it.
    return {std::nullopt, device_.handle_failure(static_cast<int>(got))};
  }
  if (device_.now() - *last_sound_ > stall_patience) return {std::nullopt, device_.handle_stall()};
  return {};
}

SoundSource::Step AlsaInput::take_block() {
  const unsigned channels = device_.channels();
  if (frames_.size() < block_samples * channels) return {};
  Sound sound;
  for (std::size_t i = 0; i < block_samples; ++i) sound.samples[i] = mean(&frames_[i * channels], channels);
  frames_.clear();
  device_.handle_success();
  sound.captured = capture_time(device_.now());
  return {sound, {}};
}

// What is still in the device came after the block; so much before now was its end.
petrel::TimePoint AlsaInput::capture_time(petrel::TimePoint now) {
  const long waiting = std::max(device_.calls().delay(), 0L);
  const petrel::TimePoint measured = now - duration_of(waiting) - block_duration;
  petrel::TimePoint captured = measured;
  if (next_capture_) {
    const petrel::Duration error = measured - *next_capture_;
    if (error < max_capture_error) {
      captured = *next_capture_ +
                 std::clamp<petrel::Duration>(error / capture_smoothing, -max_capture_bend, max_capture_bend);
    }
  }
  next_capture_ = captured + block_duration;
  return captured;
}

AlsaOutput::AlsaOutput(std::unique_ptr<AlsaCalls> calls, std::string name, Clock clock, Tell tell)
    : device_(std::move(calls), SoundDirection::playback, std::move(name), playback_buffer_frames,
              std::move(clock), std::move(tell)) {}

petrel::Duration AlsaOutput::step(const Fill& fill) {
  if (const auto pause = device_.pause_before_use()) {
    frames_.clear();
    last_room_.reset();
    played_until_.reset();
    // Talk goes on, and is not to be heard late: it is taken, and lost.
    Block unheard{};
    fill(unheard);
    return std::min(*pause, block_duration);
  }
  if (!last_room_) last_room_ = device_.now();
  if (const int ready = device_.calls().wait(longest_wait); ready < 0)
    return std::min(device_.handle_failure(ready), block_duration);
  // Some devices (ALSA's dmix) hold more than was asked for, and all of that would be heard as delay.
  const bool is_full = device_.calls().delay() >= static_cast<long>(playback_buffer_frames);
  if (is_full || (played_until_ && *played_until_ > device_.now() + max_playback_ahead)) {
    if (device_.now() - *last_room_ > stall_patience) return std::min(device_.handle_stall(), block_duration);
    return playback_pause;
  }
  if (frames_.empty()) {
    Block block{};
    fill(block);
    frames_.reserve(block.size() * device_.channels());
    for (const std::int16_t sample : block) frames_.insert(frames_.end(), device_.channels(), sample);
    played_until_ = std::max(played_until_.value_or(device_.now()), device_.now()) + block_duration;
  }
  const long took = device_.calls().write(frames_);
  if (took > 0) {
    last_room_ = device_.now();
    device_.handle_success();
    const auto samples = static_cast<std::ptrdiff_t>(took) * device_.channels();
    frames_.erase(frames_.begin(), frames_.begin() + samples);
    return {};
  }
  if (took < 0 && took != -EAGAIN)
    return std::min(device_.handle_failure(static_cast<int>(took)), block_duration);
  if (device_.now() - *last_room_ > stall_patience) return std::min(device_.handle_stall(), block_duration);
  return {};
}

void AlsaOutput::rest() {
  if (device_.is_open()) device_.close();
  frames_.clear();
  played_until_.reset();
  last_room_.reset();
}

}  // namespace camera::audio
