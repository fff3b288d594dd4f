#pragma once

#include <cstdint>
#include <optional>

#include "petrel/ice/agent.hpp"

namespace petrel::inline v0::ice {

/// How many ports of a range are worth trying for one socket; 0 where there is none.
unsigned ports_to_try(const std::optional<PortRange>& range);

/// The port to try next: 0 (any) without a range. The first try chooses `start`, the place in the
/// range to begin from, so that many agents in one range do not all begin at its first port.
std::uint16_t next_port(const std::optional<PortRange>& range, std::uint16_t& start, unsigned& tried,
                        RandomSource& random);

}  // namespace petrel::inline v0::ice
