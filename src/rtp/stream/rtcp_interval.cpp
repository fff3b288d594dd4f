#include "petrel/rtp/stream/rtcp_interval.hpp"

#include <algorithm>

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

// RFC 3550 6.2: 360 s divided by the bandwidth in kbit/s, where that is below the fixed 5 s. A
// quarter of a second is often enough for every use of the reports.
Duration minimum_interval(std::uint64_t session_bits_per_second) {
  const std::uint64_t kbps = std::max<std::uint64_t>(session_bits_per_second / 1000, 1);
  return std::clamp<Duration>(
      Duration(360s) / static_cast<std::int64_t>(std::min<std::uint64_t>(kbps, 1'000'000)), 250ms, 5s);
}

constexpr std::size_t first_guess_x16 = std::size_t{128} * 16;  // RFC 3550 6.3.2; a compound SR, RR, SDES.
constexpr std::size_t udp_and_ip_overhead = 28;                 // RFC 3550 6.2 counts the lower layers.

}  // namespace

RtcpInterval::RtcpInterval(TimePoint now, std::uint64_t session_bits_per_second, RandomSource& random)
    : random_(random),
      session_bits_per_second_(session_bits_per_second),
      average_size_x16_(first_guess_x16),
      // RFC 3550 6.2: the first report comes after half the minimum, so that others learn of us soon.
      next_(now + draw(minimum_interval(session_bits_per_second) / 2)) {}

void RtcpInterval::packet_seen(std::size_t size) {
  average_size_x16_ += size + udp_and_ip_overhead - average_size_x16_ / 16;
}

void RtcpInterval::report_sent(TimePoint now) {
  next_ = now + draw(minimum_interval(session_bits_per_second_));
}

Duration RtcpInterval::draw(Duration minimum) {
  // RFC 3550 6.3.1 with two members: 5 % of the bandwidth is RTCP's, and each has half of it.
  const std::uint64_t rtcp_bits_per_second = std::max<std::uint64_t>(session_bits_per_second_ / 20, 1);
  const std::uint64_t bits = std::uint64_t{average_size_x16_} * 8 / 16 * 2;
  const Duration by_bandwidth = std::min<Duration>(
      Duration(static_cast<std::int64_t>(bits * 1'000'000'000 / rtcp_bits_per_second)), 5s);
  // Spread over 0.5 … 1.5, divided by e - 3/2, which makes up for what reconsideration would add.
  const std::int64_t spread = random_.between(500'000, 1'500'000);
  return Duration(std::max(minimum, by_bandwidth).count() / 1'218'282 * spread);
}

}  // namespace petrel::inline v0::rtp
