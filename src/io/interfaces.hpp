#pragma once

#include <vector>

#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::io {

/// The addresses of all interfaces that are up. Loopback only where it is asked for.
std::vector<LocalAddress> list_local_addresses(bool include_loopback);

}  // namespace petrel::inline v0::io
