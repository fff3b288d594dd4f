#include "petrel/rtp/stream/round_trip.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {
namespace {

// LSR and DLSR count 1/65536 s.
constexpr std::uint32_t max_plausible = 60 * 65536;

Duration from_short_ntp(std::uint32_t value) { return Duration((std::int64_t{value} * 1'000'000'000) >> 16); }

}  // namespace

void RoundTrip::handle_report(NtpTime now, std::uint32_t lsr, std::uint32_t dlsr) {
  if (lsr == 0) return;  // RFC 3550 6.4.1: no sender report has been received yet.
  const std::uint32_t elapsed = now.middle() - lsr;
  // Rounding of three clocks may make a fast path look as if the answer came first, by a unit or two.
  const std::uint32_t distance =
      dlsr <= elapsed ? elapsed - dlsr : (dlsr - elapsed <= 2 ? 1 : max_plausible + 1);
  if (elapsed > max_plausible || distance > max_plausible) return;

  last_ = from_short_ntp(std::max<std::uint32_t>(distance, 1));
  smoothed_ = smoothed_ ? *smoothed_ + (*last_ - *smoothed_) / 8 : *last_;
}

}  // namespace petrel::inline v0::rtp
