#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/stream/sequence_validator.hpp"

namespace petrel::inline v0::rtp {

/// Decides which missing packets of one stream to ask for, and when, RFC 4585 6.2.1.
///
/// A packet is missing once a later one has arrived; it is asked for after a short
/// tolerance for reordering, then once per round trip until it comes or the tries are
/// used up. It does not build messages.
class PETREL_API NackGenerator {
 public:
  // Reordering within a network path is mostly below this, and it costs a retransmission at
  // most; waiting longer costs every lost packet that delay.
  static constexpr Duration reordering_tolerance = std::chrono::milliseconds(5);
  // Below a LAN's round trip lies the scheduling of the peer.
  static constexpr Duration min_retry_interval = std::chrono::milliseconds(10);
  // On the paths within a country, of 25 ms, as long as a frame waits for a packet: half a second.
  static constexpr int max_tries = 20;
  // The reorder buffer: a packet further back has no place left to return to.
  static constexpr std::size_t max_missing = 512;

  /// A packet arrived, by whatever way. False if the gap before it was too wide to ask for: what
  /// was missing is forgotten, and only a key frame helps.
  bool handle_packet(TimePoint now, ExtendedSequence sequence);
  /// Nobody waits for packets before `sequence` any more.
  void give_up_before(ExtendedSequence sequence);
  /// Before the first packet: those from `sequence` on count as sent, and so, if they do not come, as lost.
  void expect_from(ExtendedSequence sequence);
  void reset();

  /// The packets to ask for now, in order; they count as asked for. Appended to `out`. `round_trip` is used
  /// until answers have shown it.
  void take_due(TimePoint now, Duration round_trip, std::vector<std::uint16_t>& out);
  std::optional<TimePoint> next_timeout() const;

  /// How long the answers take, from those to a first try; `fallback` until there was one. A receiver that
  /// sends nothing has no other measure of the round trip.
  Duration round_trip_or(Duration fallback) const { return answer_time_.value_or(fallback); }

  std::size_t missing() const { return missing_.size(); }

 private:
  struct Missing {
    ExtendedSequence sequence = 0;
    TimePoint due{};
    TimePoint asked{};
    int tries = 0;
  };

  std::vector<Missing> missing_;  ///< In order of sequence.
  bool started_ = false;
  ExtendedSequence highest_ = 0;
  std::optional<Duration> answer_time_;  ///< Smoothed.
  TimePoint earliest_{};  ///< A lower bound of every `due`, so that next_timeout() need not search.
};

}  // namespace petrel::inline v0::rtp
