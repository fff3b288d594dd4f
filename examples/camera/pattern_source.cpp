#include "camera/pattern_source.hpp"

#include <cmath>
#include <memory>
#include <utility>

namespace camera {

PatternPictures::PatternPictures(const EncoderSettings& settings, TimeOfDay time_of_day)
    : settings_(settings), time_of_day_(std::move(time_of_day)), pattern_(settings.width, settings.height) {}

std::optional<petrel::Duration> PatternPictures::next_due() const {
  return petrel::Duration(std::llround(frame_ / settings_.frames_per_second * 1e9));
}

std::optional<PictureView> PatternPictures::next() {
  const petrel::Duration offset = *next_due();
  PictureView picture = pattern_.draw(frame_, time_of_day_());
  picture.offset = offset;
  ++frame_;
  return picture;
}

PatternSource::PatternSource(const EncoderSettings& settings, TimeOfDay time_of_day)
    : EncodedSource(std::make_unique<PatternPictures>(settings, std::move(time_of_day)),
                    std::make_unique<OpenH264Encoder>(settings)) {}

}  // namespace camera
