#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera/audio/alsa_calls.hpp"
#include "camera/audio/sound.hpp"

namespace camera::audio {

/// What microphone and loudspeaker have in common: how a device is opened, and what becomes of its failures.
///
/// An overrun or underrun is counted and passes; a suspended device is resumed. Everything else loses the
/// device: that is told in one line, and the device is opened again, after one second at first and every ten
/// in the end.
class AlsaDevice {
 public:
  static constexpr petrel::Duration first_retry = std::chrono::seconds(1);
  static constexpr petrel::Duration last_retry = std::chrono::seconds(10);
  /// Devices of studios have tens of channels; a camera's have one or two.
  static constexpr unsigned max_channels = 32;

  AlsaDevice(std::unique_ptr<AlsaCalls> calls, SoundDirection direction, std::string name,
             unsigned buffer_frames, Clock clock, Tell tell);

  /// Opens it when that is due. nullopt: it is open; otherwise the pause until it is to be tried again.
  std::optional<petrel::Duration> pause_before_use();
  /// Sound has passed: a device that was lost is well again.
  void handle_success();
  /// What a call said that failed. Answers the pause before the next one.
  petrel::Duration handle_failure(int error);
  /// The device is there and does nothing.
  petrel::Duration handle_stall();
  void close();

  bool is_open() const { return open_; }
  AlsaCalls& calls() { return *calls_; }
  unsigned channels() const { return channels_; }
  const std::string& name() const { return name_; }
  petrel::TimePoint now() const { return clock_(); }
  /// Overruns of a microphone, underruns of a loudspeaker.
  std::uint64_t breaks() const { return breaks_; }

 private:
  int open(const std::string& name);
  int try_open();
  int start();
  petrel::Duration lose(const std::string& reason);
  std::string reason_of(int error) const;

  std::unique_ptr<AlsaCalls> calls_;
  SoundDirection direction_;
  std::string name_;
  unsigned buffer_frames_;
  Clock clock_;
  Tell tell_;
  bool open_ = false;
  unsigned channels_ = 1;
  petrel::Duration retry_ = first_retry;
  std::optional<petrel::TimePoint> retry_at_;
  std::string told_;  ///< What was last said to be wrong; empty while all is well.
  std::uint64_t breaks_ = 0;
};

/// `--audio`: a microphone by ALSA.
class AlsaInput final : public SoundSource {
 public:
  AlsaInput(std::unique_ptr<AlsaCalls> calls, std::string name, Clock clock, Tell tell);

  Step step() override;
  std::string description() const override { return "microphone " + device_.name(); }
  std::uint64_t overruns() const { return device_.breaks(); }

 private:
  Step take_block();
  petrel::TimePoint capture_time(petrel::TimePoint now);

  AlsaDevice device_;
  std::vector<std::int16_t> frames_;  ///< Of the block that is being read.
  std::optional<petrel::TimePoint> last_sound_;
  std::optional<petrel::TimePoint> next_capture_;
};

/// `--audio-out`: a loudspeaker by ALSA.
class AlsaOutput final : public SoundSink {
 public:
  AlsaOutput(std::unique_ptr<AlsaCalls> calls, std::string name, Clock clock, Tell tell);

  petrel::Duration step(const Fill& fill) override;
  void rest() override;
  std::string description() const override { return "loudspeaker " + device_.name(); }
  std::uint64_t underruns() const { return device_.breaks(); }

 private:
  AlsaDevice device_;
  std::vector<std::int16_t> frames_;  ///< What of a block has not been written.
  std::optional<petrel::TimePoint> last_room_;
  std::optional<petrel::TimePoint> played_until_;  ///< As far as what was written goes.
};

}  // namespace camera::audio
