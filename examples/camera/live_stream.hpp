#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "camera/frame_source.hpp"
#include "camera/parameter_sets.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/payload/h264_access_unit.hpp"

namespace camera {

/// Makes pictures of H.264 (Annex B) that arrives live, as an encoder's program writes it.
///
/// The first picture given is a key frame with its parameter sets, and every later key frame has them too. A
/// picture's time is that of its first byte's arrival. It is given as soon as the next one begins, or sooner:
/// when nothing more of it has come for `quiet`, as programs write a picture at once and then wait for the
/// next. Where that turns out to be wrong, because the rest follows, pictures up to the next key frame are
/// dropped and the silence that is waited for doubles; beyond `last_quiet` it is not believed any more.
///
/// Pure: no file, no clock.
class LiveStream {
 public:
  static constexpr petrel::Duration first_quiet = std::chrono::milliseconds(5);
  static constexpr petrel::Duration last_quiet = std::chrono::milliseconds(20);
  /// What comes without a key frame for so long is something else than H.264.
  static constexpr std::size_t max_bytes_before_start = 16 * 1024 * 1024;

  /// `name` is what errors begin with.
  explicit LiveStream(std::string name) : name_(std::move(name)) {}

  void push(petrel::TimePoint now, petrel::Bytes bytes);
  /// When silence would complete a picture.
  std::optional<petrel::TimePoint> next_timeout() const;
  void handle_timeout(petrel::TimePoint now);
  /// The stream is over.
  void finish() { splitter_.finish(); }

  /// The next picture that is complete. Throws UserError when the stream is nothing that can be sent.
  std::optional<AccessUnit> next();

  /// The latest SPS; nullopt before the first.
  const std::optional<petrel::rtp::h264::SequenceParameters>& parameters() const {
    return splitter_.parameters();
  }
  /// "1280x720 at 30 fps, H.264 42c01f", as far as it is known.
  std::string description() const;
  /// Pictures that silence has ended too early.
  std::uint64_t cut_short() const { return cut_short_; }

 private:
  using Unit = petrel::rtp::h264::AccessUnit;

  std::optional<Unit> split();
  std::optional<Unit> next_unit();
  void check(const Unit& unit) const;
  void look_behind_pause(petrel::Bytes bytes);

  std::string name_;
  petrel::rtp::h264::AccessUnitSplitter splitter_;
  ParameterSets parameter_sets_;
  std::optional<petrel::TimePoint> begun_;  // When the picture that is coming began to come.
  std::optional<petrel::TimePoint> first_;  // The time of the first picture given.
  petrel::TimePoint last_push_{};
  petrel::Duration quiet_ = first_quiet;
  bool is_pending_ = false;  // Bytes have come since the last silence.
  bool is_paused_ = false;   // handle_timeout() has found silence, and next() has not yet given everything.
  bool looks_behind_pause_ = false;  // A picture was given by silence: what comes next must begin another.
  std::vector<std::byte> behind_pause_;
  bool waits_for_key_frame_ = true;
  std::size_t bytes_before_start_ = 0;
  std::uint64_t cut_short_ = 0;
};

}  // namespace camera
