#pragma once

#include "petrel/base/time.hpp"

namespace petrel::inline v0::testing {

// OpenSSL's DTLS timer and usrsctp read gettimeofday() and time() themselves. Linking this
// file gives them a clock that stands where the test put it. For test programs only.

/// From now on gettimeofday() and time() say `now` after wall_clock_epoch.
void set_wall_clock(TimePoint now);
/// From now on they tell the real time again, as they do at the start of the program.
void reset_wall_clock();

/// What the virtual wall clock says at TimePoint{}: 14 November 2023. Any date would do.
inline constexpr long wall_clock_epoch = 1'700'000'000;

}  // namespace petrel::inline v0::testing
