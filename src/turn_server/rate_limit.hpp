#pragma once

#include <cstdint>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn_server {

/// So many per second for each source address, in memory that does not grow.
///
/// The sources share a table of fixed size by a secret hash. Two that meet share one allowance,
/// which costs a little service and no memory; nobody can choose whom he meets. An IPv6 source
/// is its /64, which is what one customer has.
class RateLimit {
 public:
  RateLimit(std::size_t per_second, RandomSource& random);

  /// Takes one; false when the source has none left. A second's worth can be saved up.
  bool take(TimePoint now, const IpAddress& source);
  /// Would take() succeed?
  bool allows(TimePoint now, const IpAddress& source) const;

 private:
  static constexpr std::size_t buckets = 4096;

  std::size_t bucket_of(const IpAddress& source) const;

  Duration interval_;
  std::uint64_t secret_;
  std::vector<TimePoint> used_until_;  // For each bucket: when everything taken will be earned again.
};

}  // namespace petrel::inline v0::turn_server
