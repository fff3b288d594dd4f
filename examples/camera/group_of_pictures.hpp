#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace camera {

/// The frames since the last key frame, kept so that a viewer of a source that makes none on request can
/// start at once: it is sent all of them and then follows the live ones.
///
/// Holds at most `max_bytes`. When a group grows past that, its key frame alone is kept: the viewer then
/// sees that picture, and movement from the next key frame on.
template <class Frame>
class GroupOfPictures {
 public:
  // Four seconds at 8 Mbit/s; and what a viewer can be sent in one go without drowning its connection.
  static constexpr std::size_t max_bytes = 4 * 1024 * 1024;
  static constexpr std::size_t max_frames = 300;

  void push(std::shared_ptr<const Frame> frame, std::size_t size, bool key_frame) {
    if (key_frame) {
      frames_.clear();
      bytes_ = 0;
      complete_ = true;
    } else if (frames_.empty() || !complete_) {
      return;
    } else if (bytes_ + size > max_bytes || frames_.size() == max_frames) {
      frames_.resize(1);
      complete_ = false;
      return;
    }
    bytes_ += size;
    frames_.push_back(std::move(frame));
  }

  /// Oldest first; the first is a key frame. Empty before the first key frame.
  const std::vector<std::shared_ptr<const Frame>>& frames() const { return frames_; }
  /// frames() leads up to the live picture, so that delta frames may follow.
  bool is_complete() const { return complete_; }

 private:
  std::vector<std::shared_ptr<const Frame>> frames_;
  std::size_t bytes_ = 0;
  bool complete_ = false;
};

}  // namespace camera
