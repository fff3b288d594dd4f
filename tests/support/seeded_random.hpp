#pragma once

#include "petrel/sim/seeded_random.hpp"

namespace petrel::inline v0::testing {

using sim::SeededRandom;

}  // namespace petrel::inline v0::testing
