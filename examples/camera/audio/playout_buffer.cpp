#include "camera/audio/playout_buffer.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/payload/opus.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;

// Jitter comes and goes within this; two windows are looked at.
constexpr petrel::Duration window_length = 2s;
// So much more than the target is not worth a packet that is left out.
constexpr petrel::Duration tolerated_delay = 30ms;
// And only what lasts: after a burst the delay is gone by itself.
constexpr petrel::Duration tolerated_for = 1s;
// A longer way back or forth is another time line, not jitter.
constexpr std::int64_t max_jump = 5 * std::int64_t{sample_rate};
// Nothing is made up for more of a gap than this; what is beyond it was a pause.
constexpr std::int64_t max_gap = sample_rate / 10;

constexpr std::int64_t samples_in(petrel::Duration duration) {
  return duration.count() * sample_rate / 1'000'000'000;
}

}  // namespace

petrel::Duration PlayoutBuffer::target() const {
  // A talk's first packets tell too little to be content with less.
  const petrel::Duration least = before_ ? min_target : first_target;
  if (!now_) return least;
  const Window seen = both();
  return std::clamp(seen.slowest - seen.quickest + block_duration, least, max_target);
}

PlayoutBuffer::Window PlayoutBuffer::both() const {
  if (!before_) return *now_;
  return {std::min(now_->quickest, before_->quickest), std::max(now_->slowest, before_->slowest)};
}

void PlayoutBuffer::handle_packet(petrel::TimePoint now, std::uint32_t timestamp, petrel::Bytes payload) {
  ++stats_.packets;
  const auto shape = petrel::rtp::opus::parse_shape(payload);
  if (!shape) {
    ++stats_.malformed;
    return;
  }
  const Samples at = unwrap(timestamp);
  if (newest_ && (at - *newest_ > max_jump || *newest_ - at > max_jump)) start_over();
  newest_ = newest_ ? std::max(*newest_, at) : at;
  measure(now, at);

  if (playing_ && at < next_) {
    ++stats_.late;
    return;
  }
  const Packet packet{{payload.begin(), payload.end()}, Samples{shape->timestamp_units()}, now};
  if (!packets_.try_emplace(at, packet).second) {
    ++stats_.duplicate;
    return;
  }
  if (packets_.size() > max_packets) {
    packets_.erase(packets_.begin());
    ++stats_.overflowed;
    next_ = std::max(next_, packets_.begin()->first);
  }
}

PlayoutBuffer::Samples PlayoutBuffer::unwrap(std::uint32_t timestamp) {
  if (!newest_) return timestamp;
  const auto step = static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(*newest_));
  return *newest_ + step;
}

void PlayoutBuffer::start_over() {
  stats_.abandoned += packets_.size();
  packets_.clear();
  newest_.reset();
  playing_ = false;
  stretched_ = 0;
  now_ = before_ = std::nullopt;
}

// On a time line of one's own a packet says how long it was on its way, but for a constant.
void PlayoutBuffer::measure(petrel::TimePoint now, Samples at) {
  const petrel::Duration way = now.time_since_epoch() - duration_of(at);
  if (!now_ || now >= window_ends_) {
    // What was seen before a long pause is of two clocks that have drifted since.
    before_ = now_ && now < window_ends_ + window_length ? now_ : std::nullopt;
    now_ = Window{way, way};
    window_ends_ = now + window_length;
  }
  now_->quickest = std::min(now_->quickest, way);
  now_->slowest = std::max(now_->slowest, way);
}

PlayoutBuffer::Piece PlayoutBuffer::take(petrel::TimePoint now) {
  if (!playing_) {
    if (packets_.empty()) return {};
    // The first of all may have been overtaken; whichever came first has waited longest.
    petrel::TimePoint first = now;
    for (const auto& [at, packet] : packets_) first = std::min(first, packet.arrival);
    if (now < first + target()) return {};
    playing_ = true;
    stretched_ = 0;
    behind_since_.reset();
    next_ = packets_.begin()->first;
  }
  return play(now);
}

PlayoutBuffer::Piece PlayoutBuffer::play(petrel::TimePoint now) {
  if (packets_.empty()) return stretch();
  const Samples gap = packets_.begin()->first - next_;
  if (gap > 0) {
    // It may only be late, and there is time to wait for it: so much the better for all that come after it.
    if (delay_of(now, next_) + block_duration <= target()) {
      ++stats_.concealed;
      return {Piece::Kind::conceal, {}, block_samples};
    }
    // So much of it has been made up already.
    const Samples made_up = std::min(gap, std::exchange(stretched_, 0));
    next_ += made_up;
    if (gap > made_up) return bridge(gap - made_up);
  }
  stretched_ = 0;
  auto node = packets_.extract(packets_.begin());
  Packet& packet = node.mapped();
  next_ = node.key() + packet.duration;
  ++stats_.played;
  Piece piece{Piece::Kind::packet, std::move(packet.payload), static_cast<std::size_t>(packet.duration)};
  piece.unheard = hurries(now, node.key());
  if (piece.unheard) ++stats_.hurried;
  return piece;
}

// What comes after the gap is there, and repeats what came last before it.
PlayoutBuffer::Piece PlayoutBuffer::bridge(Samples gap) {
  if (gap > max_gap) {
    next_ = packets_.begin()->first;
    ++stats_.concealed;
    return {Piece::Kind::conceal, {}, block_samples};
  }
  const Samples repeated = packets_.begin()->second.duration;
  if (gap <= repeated) {
    next_ += gap;
    ++stats_.repaired;
    return {Piece::Kind::repair, packets_.begin()->second.payload, static_cast<std::size_t>(gap)};
  }
  const Samples made_up = std::min<Samples>(gap - repeated, block_samples);
  next_ += made_up;
  ++stats_.concealed;
  return {Piece::Kind::conceal, {}, static_cast<std::size_t>(made_up)};
}

PlayoutBuffer::Piece PlayoutBuffer::stretch() {
  if (stretched_ >= samples_in(max_stretch)) {
    playing_ = false;
    return {};
  }
  stretched_ += Samples{block_samples};
  ++stats_.concealed;
  return {Piece::Kind::conceal, {}, block_samples};
}

// For so long the quickest packet would have waited.
petrel::Duration PlayoutBuffer::delay_of(petrel::TimePoint now, Samples at) const {
  return now.time_since_epoch() - duration_of(at) - both().quickest;
}

// Whether there has been more delay than is wanted for a while.
bool PlayoutBuffer::hurries(petrel::TimePoint now, Samples at) {
  if (delay_of(now, at) <= target() + tolerated_delay) {
    behind_since_.reset();
    return false;
  }
  if (!behind_since_) behind_since_ = now;
  if (now - *behind_since_ < tolerated_for) return false;
  behind_since_.reset();
  return true;
}

}  // namespace camera::audio
