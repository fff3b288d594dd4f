#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "camera/clock.hpp"
#include "camera/frame_source.hpp"

namespace camera {

/// Takes one line for people.
using Say = std::function<void(const std::string&)>;

/// A live source that is opened again whenever it is lost.
///
/// Lost is what throws SourceLost, and what gives no picture for `stall`. It is said in one line, the source
/// is closed and opened again after 1, 2, 4, 8 and then every 10 s, until pictures come; that is said too.
/// The first picture after a loss is a key frame. What viewers have agreed on (profile-level-id) stays as it
/// was; a source that comes back with H.264 that they need not be able to decode ends with UserError.
///
/// A source that is lost at the start is waited for in the same way. Until it has come, viewers are told the
/// profile that is expected of it.
class RecoveringSource final : public FrameSource {
 public:
  static constexpr petrel::Duration first_retry = std::chrono::seconds(1);
  static constexpr petrel::Duration last_retry = std::chrono::seconds(10);
  /// A source that ran for less is not back yet: the next retry is not the first again.
  static constexpr petrel::Duration proven_after = std::chrono::seconds(10);

  struct Settings {
    petrel::Duration stall = std::chrono::seconds(3);
    /// For the first picture after opening: cameras and their programs take their time.
    petrel::Duration start = std::chrono::seconds(10);
    /// False: a stall is said and waited out, since there is nothing that could be opened again (a pipe).
    bool reopens = true;
    /// profile-level-id to tell viewers before the source was ever there. Empty: a source that is lost at the
    /// start is not waited for, the constructor throws.
    std::string expected_profile{};
  };
  /// Opens a source. Throws SourceLost or UserError, as the source itself does.
  using Open = std::function<std::unique_ptr<FrameSource>()>;

  /// Opens it and waits for its first picture, which next() gives first. Throws UserError, for a source of
  /// that name that can never be there too, and SourceLost where it is not to be waited for. `clock` outlives
  /// this object; `name` is what lines begin with; `say` is called on this thread and on that of next().
  RecoveringSource(std::string name, Open open, Clock& clock, Say say, Settings settings);
  RecoveringSource(std::string name, Open open, Clock& clock, Say say)
      : RecoveringSource(std::move(name), std::move(open), clock, std::move(say), Settings()) {}

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override { key_frame_wanted_ = true; }
  bool can_force_key_frame() const override { return can_force_key_frame_; }
  void set_bitrate(std::uint32_t bits_per_second) override {
    bitrate_ = bits_per_second;
    bitrate_wanted_ = true;
  }
  std::string profile_level_id() const override;
  std::string description() const override;

 private:
  std::optional<AccessUnit> first_picture();
  void pass_wishes_on();
  std::optional<AccessUnit> take();
  void lose(const std::string& why);
  void reopen();
  void open_first();
  void came_back();
  void adopt_profile();
  void check_profile(const std::string& profile_level_id);
  void check_stall();

  std::string name_;
  Open open_;
  Clock& clock_;
  Say say_;
  Settings settings_;
  std::unique_ptr<FrameSource> source_;
  std::optional<AccessUnit> ahead_;  // What the constructor waited for.

  petrel::TimePoint started_{};
  petrel::TimePoint last_picture_{};  // Or when the source was opened.
  petrel::TimePoint back_since_{};    // When it gave its first picture.
  petrel::TimePoint retry_at_{};      // While it is closed.
  petrel::Duration retry_after_{};    // How long after the next loss.
  petrel::Duration offset_{};         // What is added to the source's own capture offsets.
  bool waits_for_key_frame_ = false;  // Opened, but nothing of it was given yet.
  bool was_there_ = false;            // Once, at least.
  bool stall_is_said_ = false;        // Of a source that is not opened again.
  std::string last_said_;             // Why it is away, as it was said.
  std::string last_profile_said_;

  mutable std::mutex told_mutex_;  // For what viewers and people are told: these three.
  std::string description_;
  std::string profile_level_id_;
  mutable bool profile_was_told_ = false;
  std::atomic<bool> can_force_key_frame_ = false;
  // Written by the program's thread, taken by the capture thread.
  std::atomic<bool> key_frame_wanted_ = false;
  std::atomic<std::uint32_t> bitrate_ = 0;
  std::atomic<bool> bitrate_wanted_ = false;
};

/// Whether whoever agreed to decode `agreed` can decode `other` (profile-level-ids): a subset of its
/// profile, at no higher level.
bool is_covered_by(const std::string& other, const std::string& agreed);

}  // namespace camera
