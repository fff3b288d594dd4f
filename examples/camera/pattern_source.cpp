#include "camera/pattern_source.hpp"

#include <cmath>
#include <utility>

#include "shared/number_text.hpp"

namespace camera {

PatternSource::PatternSource(const EncoderSettings& settings, TimeOfDay time_of_day)
    : settings_(settings),
      time_of_day_(std::move(time_of_day)),
      pattern_(settings.width, settings.height),
      encoder_(settings) {}

petrel::Duration PatternSource::next_due() const {
  return petrel::Duration(std::llround(frame_ / settings_.frames_per_second * 1e9));
}

std::optional<AccessUnit> PatternSource::next() {
  if (const std::uint32_t bitrate = bitrate_wanted_.exchange(0); bitrate != 0) encoder_.set_bitrate(bitrate);
  if (key_frame_wanted_.exchange(false)) encoder_.force_key_frame();

  const petrel::Duration offset = next_due();
  auto encoded = encoder_.encode(pattern_.draw(frame_, time_of_day_()), offset);
  ++frame_;
  if (encoded.annex_b.empty()) return std::nullopt;
  return AccessUnit{std::move(encoded.annex_b), offset, encoded.key_frame};
}

std::string PatternSource::description() const {
  return "test pattern, " + std::to_string(settings_.width) + "x" + std::to_string(settings_.height) +
         " at " + shared::short_number(settings_.frames_per_second) + " fps, " +
         shared::short_number(settings_.bits_per_second / 1e6) + " Mbit/s, H.264 " + profile_level_id();
}

}  // namespace camera
