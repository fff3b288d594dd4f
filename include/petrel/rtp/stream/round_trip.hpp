#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::rtp {

/// The round trip from LSR and DLSR of reception reports, RFC 3550 6.4.1.
class PETREL_API RoundTrip {
 public:
  /// `now` in the sender's own NTP time. Fields that cannot be true are ignored: no report seen
  /// yet (lsr 0), an answer from before the question, or more than a minute.
  void handle_report(NtpTime now, std::uint32_t lsr, std::uint32_t dlsr);

  std::optional<Duration> last() const { return last_; }
  /// Smoothed by 1/8 like TCP's; `fallback` until there is a measurement.
  Duration smoothed_or(Duration fallback) const { return smoothed_.value_or(fallback); }

 private:
  std::optional<Duration> last_;
  std::optional<Duration> smoothed_;
};

}  // namespace petrel::inline v0::rtp
