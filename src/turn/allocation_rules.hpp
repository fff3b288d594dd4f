#pragma once

#include <system_error>

#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn {

/// Does this answer end the allocation, and not only the one request that it answers?
bool ends_allocation(std::error_code error);

/// May a server send us to this one? Not to ourselves, nor to everybody; RFC 8489 10 wants the same family.
bool may_be_used(const Endpoint& alternate, const Endpoint& server);

/// A lifetime that a server has granted, as far as it is to be believed.
Duration sane_lifetime(Duration granted);

/// How long after it was granted to refresh: a minute before the end, so that every retransmission still
/// fits (RFC 8656 8).
Duration refresh_delay(Duration lifetime);

}  // namespace petrel::inline v0::turn
