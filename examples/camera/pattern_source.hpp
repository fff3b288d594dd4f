#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "camera/frame_source.hpp"
#include "camera/openh264_encoder.hpp"
#include "camera/test_pattern.hpp"

namespace camera {

/// Since midnight, local time.
using TimeOfDay = std::function<std::chrono::milliseconds()>;

/// `--source pattern`: draws TestPattern and encodes it.
class PatternSource final : public FrameSource {
 public:
  PatternSource(const EncoderSettings& settings, TimeOfDay time_of_day);

  petrel::Duration next_due() const override;
  std::optional<AccessUnit> next() override;
  void force_key_frame() override { key_frame_wanted_ = true; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t bits_per_second) override { bitrate_wanted_ = bits_per_second; }
  std::string profile_level_id() const override { return encoder_.profile_level_id(); }
  std::string description() const override;

 private:
  EncoderSettings settings_;
  TimeOfDay time_of_day_;
  TestPattern pattern_;
  OpenH264Encoder encoder_;
  std::uint32_t frame_ = 0;
  // Written by the program's thread, taken by the capture thread: the only state the two share.
  std::atomic<bool> key_frame_wanted_ = false;
  std::atomic<std::uint32_t> bitrate_wanted_ = 0;
};

}  // namespace camera
