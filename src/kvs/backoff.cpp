#include "kvs/backoff.hpp"

#include <algorithm>

namespace petrel::inline v0::kvs {

Duration random_between(RandomSource& random, Duration low, Duration high) {
  const auto in_ms = [](Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  };
  return std::chrono::milliseconds(random.between(in_ms(low), std::max(in_ms(low), in_ms(high))));
}

Duration Backoff::next(RandomSource& random) {
  Duration ceiling = first;
  for (unsigned i = 0; i < count_ && ceiling < longest; ++i) ceiling *= 2;
  ++count_;
  return random_between(random, least, std::min(ceiling, longest));
}

}  // namespace petrel::inline v0::kvs
