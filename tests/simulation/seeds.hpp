#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace petrel::inline v0::testing {

/// How many seeds a test tries: `count`, or PETREL_SEEDS of the environment if that is
/// less (sanitizers are slow) or the run is a soak (more).
inline std::uint64_t seeds(std::uint64_t count) {
  const char* wanted = std::getenv("PETREL_SEEDS");
  return wanted == nullptr ? count : std::stoull(wanted);
}

/// The first seed: PETREL_FIRST_SEED of the environment, or 0. With PETREL_SEEDS=1 it
/// replays the one that a failure named.
inline std::uint64_t first_seed() {
  const char* wanted = std::getenv("PETREL_FIRST_SEED");
  return wanted == nullptr ? 0 : std::stoull(wanted);
}

}  // namespace petrel::inline v0::testing
