#pragma once

#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/stream/sequence_validator.hpp"

namespace petrel::inline v0::rtp {

/// Loss and jitter of one received stream, RFC 3550 A.3 and A.8, and what its
/// reception report blocks say (6.4.1).
///
/// Retransmissions are not counted here: a report tells what the path does, not what
/// the repair made of it (RFC 4588 6.2).
class PETREL_API ReceiveStatistics {
 public:
  explicit ReceiveStatistics(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  void packet_received(TimePoint now, ExtendedSequence sequence, std::uint32_t timestamp,
                       std::size_t payload_size);
  /// The sender has started over: loss is counted from `sequence` on.
  void restarted(ExtendedSequence sequence);

  struct Report {
    std::uint8_t fraction_lost = 0;      ///< In 1/256, since the last report.
    std::int32_t cumulative_lost = 0;    ///< Clamped to 24 bits, as the wire has it.
    std::uint32_t highest_sequence = 0;  ///< Cycles in the upper half.
    std::uint32_t jitter = 0;            ///< In units of the clock rate.
  };
  /// The report of the interval that ends now; the next one starts here.
  Report report();

  std::uint64_t packets() const { return packets_; }
  std::uint64_t payload_bytes() const { return payload_bytes_; }
  std::int64_t lost() const;
  Duration jitter() const;

 private:
  std::int64_t expected() const { return started_ ? highest_ - base_ + 1 : 0; }

  std::uint32_t clock_rate_;
  bool started_ = false;
  ExtendedSequence base_ = 0;
  ExtendedSequence highest_ = 0;
  std::int64_t lost_before_restart_ = 0;
  std::int64_t received_ = 0;  ///< Since base_.
  std::int64_t expected_at_report_ = 0;
  std::int64_t received_at_report_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t payload_bytes_ = 0;
  bool has_transit_ = false;
  std::uint32_t transit_ = 0;
  std::uint32_t jitter_x16_ = 0;  ///< A.8 keeps it scaled by 16 against rounding.
};

}  // namespace petrel::inline v0::rtp
