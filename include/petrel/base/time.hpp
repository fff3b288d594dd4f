#pragma once

#include <chrono>
#include <cstdint>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// The time line every protocol core runs on.
///
/// It has no now(): a core is told the time, it never asks. The Asio driver
/// stamps real time onto this clock; the simulator stamps virtual time.
struct ProtocolClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ProtocolClock>;
  static constexpr bool is_steady = true;
};

using Duration = ProtocolClock::duration;
using TimePoint = ProtocolClock::time_point;

/// NTP time, RFC 5905 6: seconds since 1900 in the upper 32 bits, fractions of
/// 2^-32 s in the lower. What an RTCP sender report carries.
struct NtpTime {
  std::uint64_t value = 0;

  /// The middle 32 bits, as LSR and DLSR use them (RFC 3550 6.4.1).
  std::uint32_t middle() const { return static_cast<std::uint32_t>(value >> 16); }

  friend bool operator==(NtpTime, NtpTime) = default;
};

/// The one place where wall-clock time enters a peer: one instant on both time
/// lines. One mapping serves all streams of a peer, so that lip-sync holds.
struct ClockMapping {
  TimePoint at{};
  NtpTime ntp{};

  NtpTime to_ntp(TimePoint time) const {
    const std::int64_t ns = (time - at).count();
    const std::int64_t seconds = ns / 1'000'000'000;
    const std::int64_t rest = ns % 1'000'000'000;  // Same sign as ns; the product below fits 63 bits.
    const std::int64_t fraction = (rest << 32) / 1'000'000'000;
    return {ntp.value + (static_cast<std::uint64_t>(seconds) << 32) + static_cast<std::uint64_t>(fraction)};
  }
};

}  // namespace petrel::inline v0
