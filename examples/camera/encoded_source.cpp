#include "camera/encoded_source.hpp"

#include <utility>

#include "camera/source_lost.hpp"
#include "shared/number_text.hpp"

namespace camera {

EncodedSource::EncodedSource(std::unique_ptr<PictureSource> pictures, std::unique_ptr<VideoEncoder> encoder)
    : pictures_(std::move(pictures)), encoder_(std::move(encoder)) {}

std::optional<AccessUnit> EncodedSource::next() {
  if (auto coded = encoder_->finished()) return unit_of(*std::move(coded));
  auto picture = pictures_->next();
  if (!picture) return std::nullopt;
  const EncoderSettings& settings = encoder_->settings();
  if (picture->width != settings.width || picture->height != settings.height || !is_complete(*picture)) {
    throw SourceLost(pictures_->name() + " gave a picture of " + std::to_string(picture->width) + "x" +
                     std::to_string(picture->height) + " instead of " + std::to_string(settings.width) + "x" +
                     std::to_string(settings.height) + ": it is set up anew.");
  }
  if (const std::uint32_t bitrate = bitrate_wanted_.exchange(0); bitrate != 0) encoder_->set_bitrate(bitrate);
  if (key_frame_wanted_.exchange(false)) encoder_->force_key_frame();

  zero_ = picture->captured;
  if (zero_) *zero_ -= picture->offset;
  EncodedPicture encoded = encoder_->encode(*picture, picture->offset);
  picture.reset();  // Its buffer may go back, unless the encoder has it.
  pictures_->release();
  if (encoded.annex_b.empty()) return std::nullopt;
  return unit_of(std::move(encoded));
}

AccessUnit EncodedSource::unit_of(EncodedPicture encoded) const {
  AccessUnit unit{std::move(encoded.annex_b), encoded.offset, encoded.key_frame, zero_};
  if (unit.captured) *unit.captured += encoded.offset;
  return unit;
}

std::string EncodedSource::description() const {
  const EncoderSettings& settings = encoder_->settings();
  return pictures_->name() + ", " + std::to_string(settings.width) + "x" + std::to_string(settings.height) +
         " at " + shared::short_number(settings.frames_per_second) + " fps, " +
         shared::short_number(settings.bits_per_second / 1e6) + " Mbit/s, H.264 " +
         encoder_->profile_level_id() + ", encoded by " + encoder_->name();
}

}  // namespace camera
