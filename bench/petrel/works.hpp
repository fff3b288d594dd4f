#pragma once

#include <cstddef>
#include <optional>

#include "virtual_line.hpp"

namespace petrel::bench {

/// One reliable, ordered channel, filled for so long; 1.5 s are left out at its beginning. On real
/// sockets each end has a thread, as two processes would. `zero_checksum`: PeerConfig::sctp_zero_checksum.
int run_data(std::size_t message_bytes, double seconds, bool zero_checksum,
             const std::optional<LineOptions>& line);

/// One TCP connection, filled as long, on the same virtual line: what the line itself allows.
int run_tcp(double seconds, const LineOptions& line);

/// So many calls one after another, each from the construction of the first peer (certificates
/// included) to the offerer's open channel.
int run_setup(std::size_t count, const std::optional<LineOptions>& line);

/// So many pairs at once, on one thread: what each takes, and what all take while nothing happens.
int run_pairs(std::size_t count);

}  // namespace petrel::bench
