#include "camera/recovering_source.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "camera/source_lost.hpp"
#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

std::string seconds(petrel::Duration duration) {
  return shared::short_number(std::chrono::duration<double>(duration).count()) + " s";
}

struct ProfileLevel {
  std::uint8_t profile = 0;
  std::uint8_t constraints = 0;
  std::uint8_t level = 0;
};

std::optional<ProfileLevel> parse(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 6 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return ProfileLevel{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
                      static_cast<std::uint8_t>(value)};
}

constexpr std::uint8_t baseline = 66;
constexpr std::uint8_t main_profile = 77;
constexpr std::uint8_t high = 100;

// H.264 A.2: constraint_set0 says Baseline, set1 Main; what obeys both is Constrained Baseline, which every
// decoder of the three profiles reads. High reads Main.
bool is_subset(const ProfileLevel& other, const ProfileLevel& agreed) {
  if (other.profile == agreed.profile) {
    const bool agreed_is_constrained = agreed.profile == baseline && (agreed.constraints & 0x40) != 0;
    return !agreed_is_constrained || (other.constraints & 0x40) != 0;
  }
  const bool constrained_baseline = (other.profile == baseline && (other.constraints & 0x40) != 0) ||
                                    (other.profile == main_profile && (other.constraints & 0x80) != 0);
  if (constrained_baseline) return true;
  return other.profile == main_profile && agreed.profile == high;
}

}  // namespace

bool is_covered_by(const std::string& other, const std::string& agreed) {
  if (other == agreed) return true;
  const auto a = parse(other);
  const auto b = parse(agreed);
  return a && b && is_subset(*a, *b) && a->level <= b->level;
}

RecoveringSource::RecoveringSource(std::string name, Open open, Clock& clock, Say say, Settings settings)
    : name_(std::move(name)),
      open_(std::move(open)),
      clock_(clock),
      say_(std::move(say)),
      settings_(settings),
      retry_after_(first_retry) {
  started_ = clock_.now();
  try {
    open_first();
  } catch (const SourceUnknown& unknown) {
    throw shared::UserError(unknown.what());
  } catch (const SourceLost& lost) {
    if (!settings_.reopens || settings_.expected_profile.empty()) throw;
    description_ = name_ + ", which is not there yet";
    profile_level_id_ = settings_.expected_profile;
    lose(lost.what());
  }
}

void RecoveringSource::open_first() {
  source_ = open_();
  ahead_ = first_picture();
  adopt_profile();
  description_ = source_->description();
  last_picture_ = back_since_ = clock_.now();
}

std::string RecoveringSource::description() const {
  const std::lock_guard lock(told_mutex_);
  return description_;
}

std::string RecoveringSource::profile_level_id() const {
  const std::lock_guard lock(told_mutex_);
  profile_was_told_ = true;
  return profile_level_id_;
}

// Its own, as long as nobody has been told another one.
void RecoveringSource::adopt_profile() {
  can_force_key_frame_ = source_->can_force_key_frame();
  was_there_ = true;
  const std::lock_guard lock(told_mutex_);
  if (!profile_was_told_) profile_level_id_ = source_->profile_level_id();
}

std::optional<AccessUnit> RecoveringSource::first_picture() {
  const petrel::TimePoint limit = clock_.now() + settings_.start;
  source_->force_key_frame();
  while (clock_.now() < limit) {
    if (auto unit = source_->next(); unit && unit->key_frame) return unit;
  }
  throw SourceLost(name_ + ": no picture for " + seconds(settings_.start) +
                   " after it was opened. See whether another program gets one from it.");
}

std::optional<AccessUnit> RecoveringSource::next() {
  if (ahead_) return std::exchange(ahead_, std::nullopt);
  try {
    if (source_) return take();
    const petrel::TimePoint now = clock_.now();
    if (now < retry_at_) {
      clock_.wait(std::min(retry_at_ - now, max_device_wait));
    } else {
      reopen();
    }
  } catch (const SourceLost& lost) {
    if (!settings_.reopens) throw;
    lose(lost.what());
  }
  return std::nullopt;
}

void RecoveringSource::pass_wishes_on() {
  if (key_frame_wanted_.exchange(false)) source_->force_key_frame();
  if (bitrate_wanted_.exchange(false)) source_->set_bitrate(bitrate_);
}

std::optional<AccessUnit> RecoveringSource::take() {
  pass_wishes_on();
  auto unit = source_->next();
  if (!unit || (waits_for_key_frame_ && !unit->key_frame)) {
    check_stall();
    return std::nullopt;
  }
  if (waits_for_key_frame_) {
    came_back();
    offset_ = clock_.now() - started_ - unit->capture_offset;
  } else if (std::exchange(stall_is_said_, false)) {
    say_(name_ + ": pictures come again.");
  }
  last_picture_ = clock_.now();
  unit->capture_offset += offset_;
  return unit;
}

void RecoveringSource::check_stall() {
  const petrel::Duration limit = waits_for_key_frame_ ? settings_.start : settings_.stall;
  if (stall_is_said_ || clock_.now() - last_picture_ < limit) return;
  const std::string line = name_ + ": no picture for " + seconds(limit);
  if (settings_.reopens) throw SourceLost(line + ".");
  stall_is_said_ = true;
  say_(line + ", still waiting.");
}

void RecoveringSource::lose(const std::string& why) {
  source_.reset();  // Closed first: a device that is still open stays busy.
  const petrel::TimePoint now = clock_.now();
  if (!waits_for_key_frame_ && now - back_since_ >= proven_after) retry_after_ = first_retry;
  retry_at_ = now + retry_after_;
  if (why != last_said_) {
    say_(why + " Trying again in " + seconds(retry_after_) +
         (retry_after_ < last_retry ? ", then ever more rarely." : " and so on."));
    last_said_ = why;
  }
  retry_after_ = std::min(2 * retry_after_, last_retry);
  waits_for_key_frame_ = true;
}

void RecoveringSource::reopen() {
  source_ = open_();
  last_picture_ = clock_.now();
  if (bitrate_ != 0) bitrate_wanted_ = true;
  key_frame_wanted_ = true;
}

void RecoveringSource::came_back() {
  const bool is_back = was_there_;
  if (!is_back) adopt_profile();
  check_profile(source_->profile_level_id());
  const std::string description = source_->description();
  {
    const std::lock_guard lock(told_mutex_);
    description_ = description;
  }
  say_(name_ + (is_back ? " is back: " : " is there: ") + description);
  last_said_.clear();
  waits_for_key_frame_ = false;
  back_since_ = clock_.now();
}

void RecoveringSource::check_profile(const std::string& profile_level_id) {
  // Nothing else writes it any more.
  const std::string& agreed = profile_level_id_;
  if (profile_level_id == agreed) return;
  if (!is_covered_by(profile_level_id, agreed)) {
    throw shared::UserError(name_ + " came with H.264 " + profile_level_id + " instead of " + agreed +
                            ", which viewers have not agreed to. Start the program again.");
  }
  if (profile_level_id == last_profile_said_) return;
  last_profile_said_ = profile_level_id;
  say_(name_ + " gives H.264 " + profile_level_id + " now: viewers stay with " + agreed +
       ", which covers it.");
}

}  // namespace camera
