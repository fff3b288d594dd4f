#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulation/matrix_table.hpp"

namespace petrel::inline v0::matrix {

/// What came of one run.
struct Outcome {
  /// The pair that won: both sides agree on it, DTLS is done over it, and one RTP packet has gone from
  /// Alice to Bob and back.
  std::optional<Winner> winner;
  /// What no run may end with, whatever the table says: one side fails and the other does not, nothing
  /// comes to an end, the sides name different pairs. Empty: nothing of that.
  std::string fault;
  double seconds = 0;  ///< Of virtual time, until then.
  std::string report;  ///< Both sides' connection reports, if they were asked for.
};

/// One call, from the first description on: two peers, what the cell puts between them, and a server for
/// STUN and TURN. The seed draws the latencies of all lines and of the signalling, and all that OpenSSL
/// and the cores draw.
Outcome run(const Cell& cell, std::uint64_t seed, bool with_report = false);

}  // namespace petrel::inline v0::matrix
