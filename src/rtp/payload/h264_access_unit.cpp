#include "petrel/rtp/payload/h264_access_unit.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/coded_frame.hpp"
#include "rtp/payload/start_code.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

// The slice header's fields that are looked at: three codes of at most 63 bits, 2 bits, 16 bits, and
// emulation prevention. With so much of a NAL unit it can be placed before all of it has come.
constexpr std::size_t enough_to_place = 48;

bool precedes_pictures(NalType type) {
  const auto number = static_cast<unsigned>(type);
  return (number >= 6 && number <= 9) || (number >= 14 && number <= 18);  // H.264 7.4.1.2.3
}

}  // namespace

void AccessUnitSplitter::push(Bytes chunk) {
  // What was taken is dropped only once it is more than what is left, so that each byte moves once on
  // average.
  if (begin_ > buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    scanned_ -= begin_;
    if (open_) {
      open_->code -= begin_;
      open_->begin -= begin_;
    }
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), chunk.begin(), chunk.end());
}

void AccessUnitSplitter::finish() { finished_ = true; }

void AccessUnitSplitter::pause() { paused_ = true; }

Result<std::optional<AccessUnit>> AccessUnitSplitter::next() {
  auto unit = next_unit();
  if (!unit || !*unit) paused_ = false;
  return unit;
}

Result<std::optional<AccessUnit>> AccessUnitSplitter::next_unit() {
  for (;;) {
    if (!open_ && !open_unit(find_start_code(buffer_, scanned_))) return take_last();

    const std::size_t end = find_start_code(buffer_, scanned_);
    const auto complete = [&] { return end < buffer_.size() || finished_ || (paused_ && in_picture()); };
    const Bytes nal = without_trailing_zeros(Bytes(buffer_).subspan(open_->begin, end - open_->begin));
    if (!open_->placed && (complete() || nal.size() >= enough_to_place)) {
      open_->placed = true;
      if (!nal.empty() && begins_access_unit(nal)) {
        if (auto unit = take(open_->code)) return unit;
      }
    }
    if (!complete()) {
      scanned_ = std::max(open_->begin, buffer_.size() - std::min(buffer_.size(), start_code_size - 1));
      if (buffer_.size() - begin_ <= max_frame_size) return std::optional<AccessUnit>();
      if (give_up()) return Errc::frame_too_large;
      continue;
    }
    note(nal);
    open_.reset();
    scanned_ = end;
  }
}

bool AccessUnitSplitter::in_picture() const {
  if (has_picture_) return true;
  return open_ && open_->begin < buffer_.size() && is_picture_data(nal_type(buffer_[open_->begin]));
}

bool AccessUnitSplitter::open_unit(std::size_t code) {
  const bool drops_before = !has_units_ || skipping_;
  if (code == buffer_.size()) {
    // The last two bytes may be the beginning of a start code, and the byte before them belong to it.
    const std::size_t kept = std::min<std::size_t>(buffer_.size() - scanned_, start_code_size);
    scanned_ = std::max(scanned_, buffer_.size() - kept);
    if (drops_before) begin_ = scanned_;
    return false;
  }
  const std::size_t begin = code + start_code_size;
  if (code > begin_ && buffer_[code - 1] == std::byte{0}) --code;  // zero_byte, H.264 B.1.2
  if (drops_before) begin_ = code;
  has_units_ = true;
  open_ = Open{code, begin, false};
  scanned_ = begin;
  return true;
}

bool AccessUnitSplitter::begins_access_unit(Bytes nal) const {
  if (!has_picture_) return false;
  const NalType type = nal_type(nal[0]);
  if (precedes_pictures(type)) return true;
  if (!is_picture_data(type)) return false;

  const auto slice = parse_slice_header(nal, parameters_ ? &*parameters_ : nullptr);
  if (!slice) return false;
  // H.264 7.4.1.2.4, the differences that encoders make.
  return slice->first_macroblock == 0 || is_reference(nal[0]) != is_reference(picture_header_) ||
         (type == NalType::idr_slice) != (nal_type(picture_header_) == NalType::idr_slice) ||
         slice->parameter_set != picture_slice_.parameter_set ||
         slice->frame_number != picture_slice_.frame_number;
}

void AccessUnitSplitter::note(Bytes nal) {
  if (nal.empty()) {
    ++empty_units_;
    return;
  }
  const NalType type = nal_type(nal[0]);
  if (type == NalType::sps) {
    current_.has_parameters = true;
    if (auto parameters = parse_sequence_parameters(nal)) parameters_ = *parameters;
  }
  if (!is_picture_data(type)) return;

  has_picture_ = true;
  picture_header_ = nal[0];
  if (type == NalType::idr_slice) current_.key_frame = true;
  if (const auto slice = parse_slice_header(nal, parameters_ ? &*parameters_ : nullptr)) {
    picture_slice_ = *slice;
    if (slice->type == SliceType::b) current_.has_b_slices = true;
  }
}

std::optional<AccessUnit> AccessUnitSplitter::take(std::size_t end) {
  AccessUnit unit = std::exchange(current_, {});
  const bool skipped = std::exchange(skipping_, false);
  const Bytes bytes = Bytes(buffer_).subspan(begin_, end - begin_);
  begin_ = end;
  has_picture_ = false;
  if (skipped) return std::nullopt;
  unit.bytes.assign(bytes.begin(), bytes.end());
  return unit;
}

std::optional<AccessUnit> AccessUnitSplitter::take_last() {
  if (!(finished_ || paused_) || !has_picture_) return std::nullopt;
  if (paused_) has_units_ = false;  // What follows up to a start code came too late for this picture.
  return take(buffer_.size());
}

bool AccessUnitSplitter::give_up() {
  const bool first_time = !std::exchange(skipping_, true);
  // So that the next delimiter or first macroblock ends what is skipped.
  has_picture_ = true;
  open_.reset();
  begin_ = scanned_;
  return first_time;
}

}  // namespace petrel::inline v0::rtp::h264
