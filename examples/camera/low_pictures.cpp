#include "camera/low_pictures.hpp"

#include <utility>

#include "camera/frame_source.hpp"
#include "camera/picture_conversion.hpp"
#include "camera/source_lost.hpp"

namespace camera {

void LowPictureBox::open(const Format& format) {
  const std::lock_guard lock(mutex_);
  format_ = format;
  newest_.reset();
}

void LowPictureBox::close(std::string why) {
  {
    const std::lock_guard lock(mutex_);
    format_.reset();
    why_closed_ = std::move(why);
    newest_.reset();
  }
  changed_.notify_one();
}

void LowPictureBox::put(const PictureView& picture) {
  Content content{Picture(picture.width, picture.height), picture.offset, picture.captured};
  convert_to_i420(picture, content.picture);
  {
    const std::lock_guard lock(mutex_);
    if (format_) newest_ = std::move(content);
  }
  changed_.notify_one();
}

std::optional<LowPictureBox::Format> LowPictureBox::format() const {
  const std::lock_guard lock(mutex_);
  return format_;
}

std::string LowPictureBox::why_closed() const {
  const std::lock_guard lock(mutex_);
  return why_closed_;
}

std::optional<LowPictureBox::Content> LowPictureBox::take(petrel::Duration longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [this] { return newest_ || !format_; });
  return std::exchange(newest_, std::nullopt);
}

LowPictures::LowPictures(std::shared_ptr<LowPictureBox> box) : box_(std::move(box)) {
  const auto format = box_->format();
  if (!format) throw SourceLost("the second stream: " + box_->why_closed());
  format_ = *format;
}

std::optional<PictureView> LowPictures::next() {
  auto taken = box_->take(max_device_wait);
  const auto format = box_->format();
  if (!format) throw SourceLost("the second stream: " + box_->why_closed());
  if (*format != format_) throw SourceLost("the second stream: the camera gives other pictures now.");
  if (!taken) return std::nullopt;
  current_ = std::move(taken);
  PictureView picture(current_->picture);
  picture.offset = current_->offset;
  picture.captured = current_->captured;
  return picture;
}

}  // namespace camera
