#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "camera/audio/sound.hpp"

namespace camera::audio {

/// `--audio-out wav:PATH`: what viewers say, as a WAV file (16 bits, one channel, 48 kHz) in place of a
/// loudspeaker. The pauses between are left out. The file is whole after every block.
class WavSink final : public SoundSink {
 public:
  /// A WAV file says its size in 32 bits. Five and a half hours of talk.
  static constexpr std::uint32_t max_data_bytes = 2'000'000'000;

  /// Throws UserError if the file cannot be written.
  WavSink(std::string path, Clock clock, Tell tell);

  petrel::Duration step(const Fill& fill) override;
  void rest() override { next_due_.reset(); }
  std::string description() const override { return "file " + path_; }

 private:
  void write(const Block& block);

  std::string path_;
  Clock clock_;
  Tell tell_;
  std::fstream file_;
  std::uint32_t data_bytes_ = 0;
  bool full_ = false;  ///< Or broken: nothing more is written.
  std::optional<petrel::TimePoint> next_due_;
};

/// `--audio-out null`: nobody hears it, at the pace at which somebody would.
class NullSink final : public SoundSink {
 public:
  explicit NullSink(Clock clock) : clock_(std::move(clock)) {}

  petrel::Duration step(const Fill& fill) override;
  void rest() override { next_due_.reset(); }
  std::string description() const override { return "nothing"; }

 private:
  Clock clock_;
  std::optional<petrel::TimePoint> next_due_;
};

}  // namespace camera::audio
