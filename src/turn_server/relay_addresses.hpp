#pragma once

#include <vector>

#include "petrel/turn_server/config.hpp"

namespace petrel::inline v0::turn_server {

/// Those of the configuration; or, if it has none, the first listener's address of each family
/// that is an address.
std::vector<RelayAddress> relay_addresses(const ServerConfig& config);

}  // namespace petrel::inline v0::turn_server
