#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "camera/encoded_source.hpp"
#include "camera/openh264_encoder.hpp"
#include "camera/picture_source.hpp"
#include "camera/test_pattern.hpp"

namespace camera {

/// Since midnight, local time.
using TimeOfDay = std::function<std::chrono::milliseconds()>;

/// Draws TestPattern, at the rate of the settings.
class PatternPictures final : public PictureSource {
 public:
  PatternPictures(const EncoderSettings& settings, TimeOfDay time_of_day);

  std::optional<petrel::Duration> next_due() const override;
  std::optional<PictureView> next() override;
  void release() override {}
  int width() const override { return settings_.width; }
  int height() const override { return settings_.height; }
  double frames_per_second() const override { return settings_.frames_per_second; }
  std::string name() const override { return "test pattern"; }

 private:
  EncoderSettings settings_;
  TimeOfDay time_of_day_;
  TestPattern pattern_;
  std::uint32_t frame_ = 0;
};

/// The pattern in software's coding, which is there on every machine.
class PatternSource final : public EncodedSource {
 public:
  PatternSource(const EncoderSettings& settings, TimeOfDay time_of_day);
};

}  // namespace camera
