#pragma once

#include <cstdint>

namespace petrel::inline v0::testing {

/// While it lives, what usrsctp draws from the system comes from a seed: tags, sequence numbers and the
/// keys of cookies are the same on every run. Starts anew with each object. One at a time, and on one
/// thread. Whatever else calls getrandom by syscall() gets the same dice; OpenSSL does not.
class SeededUsrsctp {
 public:
  explicit SeededUsrsctp(std::uint64_t seed);
  ~SeededUsrsctp();
  SeededUsrsctp(const SeededUsrsctp&) = delete;
  SeededUsrsctp& operator=(const SeededUsrsctp&) = delete;
};

}  // namespace petrel::inline v0::testing
