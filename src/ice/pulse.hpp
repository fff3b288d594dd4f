#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ice/consent.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::ice {

/// How often the pair in use is asked while data goes out by it. With what a question, its repetition
/// and the way over to another pair take, data flows again well within a second.
constexpr Duration pulse_interval = std::chrono::milliseconds(200);
/// While another pair stands in, the selected one is asked that often whether it works again.
constexpr Duration return_interval = std::chrono::seconds(1);
/// So many pairs, each of other addresses, are asked whether they could take over: two networks on either
/// side, with both families of addresses.
constexpr std::size_t max_stand_ins = 12;

/// Notices within half a second that a pair has stopped carrying data, where consent takes seconds.
///
/// While data goes out, consent is asked for at every pulse_interval. A question without an answer after
/// two round trips is a suspicion, and consent is probed; a probe in vain is a break. On a line that loses
/// questions all the time it takes several probes.
class Pulse {
 public:
  enum class News : std::uint8_t { none, suspected, broken };

  /// Data has gone out by the pair.
  void handle_sent() { sent_ = true; }
  /// Another pair carries data from here on, or none. What is known about losses stays.
  void restart(TimePoint now);
  /// Asks `consent`, which handles the same timeout before this and after it.
  News handle_timeout(TimePoint now, Consent& consent, Duration round_trip);
  std::optional<TimePoint> next_timeout(const Consent& consent, Duration round_trip) const;

  /// Since when; nothing after an answer.
  std::optional<TimePoint> suspected_since() const { return suspected_since_; }
  /// Nothing has been answered since.
  bool is_broken(const Consent& consent) const { return broken_ && consent.open_since(); }

 private:
  bool counts(TimePoint open_since) const {
    return asked_ && open_since >= *asked_ && open_since < next_beat_;
  }
  int probes_needed() const;

  bool sent_ = false;
  bool broken_ = false;
  TimePoint next_beat_{};
  std::optional<TimePoint> asked_;  ///< The question of the last beat.
  std::optional<TimePoint> suspected_since_;
  int probes_in_vain_ = 0;
  double loss_ = 0;  ///< Of questions, both ways, averaged over the last 16 or so.
};

}  // namespace petrel::inline v0::ice
