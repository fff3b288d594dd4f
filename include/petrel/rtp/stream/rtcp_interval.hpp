#pragma once

#include <cstddef>
#include <cstdint>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

/// When the next regular RTCP packet is due between two parties: RFC 3550 6.2 and 6.3.1 with the
/// reduced minimum. Feedback does not wait for it (RFC 4585 3.6, immediate feedback mode).
class PETREL_API RtcpInterval {
 public:
  RtcpInterval(TimePoint now, std::uint64_t session_bits_per_second, RandomSource& random);

  void set_session_bandwidth(std::uint64_t bits_per_second) { session_bits_per_second_ = bits_per_second; }
  /// Any RTCP packet, sent or received: the average size counts (RFC 3550 6.3.3).
  void packet_seen(std::size_t size);
  /// A regular report was sent.
  void report_sent(TimePoint now);

  TimePoint next() const { return next_; }

 private:
  Duration draw(Duration minimum);

  RandomSource& random_;
  std::uint64_t session_bits_per_second_;
  std::size_t average_size_x16_;
  TimePoint next_;
};

}  // namespace petrel::inline v0::rtp
