#pragma once

#include <cstdint>

namespace petrel::inline v0::testing {

/// While it lives, all of OpenSSL's random bytes come from a seed: keys, nonces, randoms and
/// signatures are the same on every run. Starts anew with each object. One at a time.
/// For test programs only; the keys it makes are no secrets.
class SeededOpenSsl {
 public:
  explicit SeededOpenSsl(std::uint64_t seed);
  ~SeededOpenSsl();
  SeededOpenSsl(const SeededOpenSsl&) = delete;
  SeededOpenSsl& operator=(const SeededOpenSsl&) = delete;
};

}  // namespace petrel::inline v0::testing
