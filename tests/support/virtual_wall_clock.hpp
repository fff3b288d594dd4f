#pragma once

#include "petrel/sim/wall_clock.hpp"
#include "petrel/sim/world.hpp"

namespace petrel::inline v0::testing {

using sim::reset_wall_clock;
using sim::set_wall_clock;

/// What the virtual wall clock says at TimePoint{}.
inline constexpr std::int64_t wall_clock_epoch = sim::World::wall_clock_epoch;

}  // namespace petrel::inline v0::testing
