#pragma once

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"

namespace petrel::inline v0::sim {

// A program that links petrel::sim_clock has gettimeofday() and time() from there, and so do all
// shared libraries that it loads: they tell the real time until they are given another. OpenSSL
// needs that in a World, since its DTLS timer reads gettimeofday(): a handshake that loses a
// packet would else wait for real time, and fail.
//
//   World world(seed);
//   world.on_time(set_wall_clock);
//
// For test programs only, which is why it is a target of its own.

/// From now on gettimeofday() and time() say `now` after World::wall_clock_epoch.
PETREL_API void set_wall_clock(TimePoint now);
/// From now on they tell the real time again, as they do at the start of the program.
PETREL_API void reset_wall_clock();

}  // namespace petrel::inline v0::sim
