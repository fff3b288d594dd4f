#include "turn_server/rate_limit.hpp"

#include <algorithm>

#include "turn_server/source.hpp"

namespace petrel::inline v0::turn_server {
namespace {

constexpr Duration second = std::chrono::seconds(1);

}  // namespace

RateLimit::RateLimit(std::size_t per_second, RandomSource& random)
    : interval_(second / static_cast<Duration::rep>(per_second)),
      secret_(random.u64()),
      used_until_(buckets) {}

bool RateLimit::take(TimePoint now, const IpAddress& source) {
  if (!allows(now, source)) return false;
  TimePoint& used_until = used_until_[bucket_of(source)];
  used_until = std::max(used_until, now) + interval_;
  return true;
}

bool RateLimit::allows(TimePoint now, const IpAddress& source) const {
  return used_until_[bucket_of(source)] + interval_ <= now + second;
}

std::size_t RateLimit::bucket_of(const IpAddress& source) const {
  // Each octet is stirred in by a multiplication and a shift (as in MurmurHash3's last step).
  std::uint64_t state = secret_;
  const IpAddress group = source_of(source);
  for (const std::uint8_t octet : group.octets()) {
    state = (state ^ octet) * 0xff51afd7ed558ccdULL;
    state ^= state >> 33;
  }
  return state % buckets;
}

}  // namespace petrel::inline v0::turn_server
