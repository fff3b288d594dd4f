#include "camera/live_stream.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/payload/h264_nal.hpp"
#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace h264 = petrel::rtp::h264;

// A start code, a NAL unit's header and the first byte of a slice's.
constexpr std::size_t enough_to_tell = 6;

// Whether a picture may begin so: with a start code, and not in the middle of another picture.
bool begins_picture(petrel::Bytes bytes) {
  const auto one = std::ranges::find_if(bytes, [](std::byte b) { return b != std::byte{0}; });
  const auto zeros = one - bytes.begin();
  if (zeros < 2 || *one != std::byte{1}) return false;
  const petrel::Bytes nal = bytes.subspan(static_cast<std::size_t>(zeros) + 1);
  // first_mb_in_slice is 0: as an Exp-Golomb code (H.264 9.1), a single bit that is set.
  return !h264::is_picture_data(h264::nal_type(nal[0])) || (nal[1] & std::byte{0x80}) != std::byte{0};
}

}  // namespace

void LiveStream::push(petrel::TimePoint now, petrel::Bytes bytes) {
  if (bytes.empty()) return;
  look_behind_pause(bytes);
  if (waits_for_key_frame_ && !first_) bytes_before_start_ += bytes.size();
  if (!begun_) begun_ = now;
  last_push_ = now;
  is_pending_ = true;
  splitter_.push(bytes);
}

void LiveStream::look_behind_pause(petrel::Bytes bytes) {
  if (!looks_behind_pause_) return;
  const std::size_t missing = enough_to_tell - behind_pause_.size();
  const petrel::Bytes head = bytes.first(std::min(missing, bytes.size()));
  behind_pause_.insert(behind_pause_.end(), head.begin(), head.end());
  if (behind_pause_.size() < enough_to_tell) return;
  if (!begins_picture(behind_pause_)) {
    ++cut_short_;
    quiet_ *= 2;
    waits_for_key_frame_ = true;
  }
  behind_pause_.clear();
  looks_behind_pause_ = false;
}

std::optional<petrel::TimePoint> LiveStream::next_timeout() const {
  if (!is_pending_ || quiet_ > last_quiet) return std::nullopt;
  return last_push_ + quiet_;
}

void LiveStream::handle_timeout(petrel::TimePoint now) {
  const auto due = next_timeout();
  if (!due || now < *due) return;
  is_pending_ = false;
  is_paused_ = true;
}

std::optional<LiveStream::Unit> LiveStream::split() {
  for (;;) {
    auto unit = splitter_.next();
    if (!unit) {
      waits_for_key_frame_ = true;  // Too large for any decoder, and gone.
      continue;
    }
    if (!*unit) return std::nullopt;
    return std::move(*unit);
  }
}

std::optional<LiveStream::Unit> LiveStream::next_unit() {
  auto unit = split();
  if (unit || !is_paused_) return unit;
  splitter_.pause();
  unit = split();
  looks_behind_pause_ = looks_behind_pause_ || unit;
  return unit;
}

std::optional<AccessUnit> LiveStream::next() {
  while (auto unit = next_unit()) {
    const petrel::TimePoint captured = begun_.value_or(last_push_);
    begun_ = last_push_;
    check(*unit);
    parameter_sets_.note(*unit);
    if (waits_for_key_frame_ && (!unit->key_frame || !splitter_.parameters())) continue;
    waits_for_key_frame_ = false;
    if (!first_) first_ = captured;
    parameter_sets_.complete(*unit);
    return AccessUnit{std::move(unit->bytes), captured - *first_, unit->key_frame, captured};
  }
  if (std::exchange(is_paused_, false)) begun_.reset();
  if (!first_ && bytes_before_start_ > max_bytes_before_start) {
    throw shared::UserError(
        name_ + " is no H.264 in Annex B form, or has no key frame with SPS and PPS. " +
        "Encoders write them before each key frame when asked to (--inline of rpicam-vid).");
  }
  return std::nullopt;
}

void LiveStream::check(const Unit& unit) const {
  if (unit.has_b_slices) {
    throw shared::UserError(name_ +
                            " has B-frames, which WebRTC cannot carry. Have it encoded without "
                            "(--profile baseline of rpicam-vid, -bf 0 of ffmpeg).");
  }
  if (splitter_.parameters() && splitter_.parameters()->interlaced) {
    throw shared::UserError(name_ + " is interlaced, which browsers do not play over WebRTC.");
  }
}

std::string LiveStream::description() const {
  const auto& parameters = splitter_.parameters();
  if (!parameters) return "nothing yet";
  std::string text = std::to_string(parameters->width) + "x" + std::to_string(parameters->height);
  if (parameters->timing) {
    text += " at " + shared::short_number(parameters->timing->frames_per_second()) + " fps";
  }
  return text + ", H.264 " + profile_level_id_of(*parameters);
}

}  // namespace camera
