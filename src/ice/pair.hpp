#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "petrel/base/strong.hpp"
#include "petrel/ice/report.hpp"
#include "petrel/net/datagram.hpp"

namespace petrel::inline v0::ice {

/// Ids are never used again, so that an answer to a pair that is gone finds nothing.
using PairId = Strong<std::uint32_t, struct PairIdTag>;

/// A local candidate and the flow that its checks leave by. A candidate that is not
/// a host candidate shares the flow of its base.
struct LocalCandidate {
  Candidate candidate;
  FlowId flow;
  std::string name{};  ///< What the peer is told in place of the address; empty: the address.
  bool usable = true;  ///< Until its socket fails.
};

/// One row of a checklist, RFC 8445 6.1.2. Candidates are named by their places in
/// the checklist's lists, which only grow.
struct Pair {
  PairId id;
  std::size_t local = 0;  ///< Always a base: RFC 8445 6.1.2.4 replaces the others by theirs.
  std::size_t remote = 0;
  FlowId flow;
  Endpoint destination;         ///< The remote endpoint, with the scope that a link-local one needs here.
  std::uint8_t directness = 0;  ///< 2: by UDP, 1: by TCP, 0: by a relay of either side.
  bool over_tcp = false;
  bool awaits_peer = false;  ///< Its connections come from the peer: without one there is nothing to check.
  std::string foundation;
  std::uint64_t priority = 0;

  PairState state = PairState::frozen;
  PairOutcome outcome = PairOutcome::not_tried;
  bool heard = false;    ///< An authentic request came over it: its data may be believed.
  unsigned repeats = 0;  ///< Checks that were asked anew since then, for want of an answer.
  bool nominated = false;
  TimePoint nominated_at{};          ///< When the peer last nominated it.
  bool nominate_when_valid = false;  ///< RFC 8445 7.3.1.5: USE-CANDIDATE came before our own check succeeded.
  /// The local candidate as the peer saw it (RFC 8445 7.2.5.3.2); `local` until an answer said so.
  std::size_t mapped = 0;

  std::uint64_t requests_sent = 0;
  std::uint64_t requests_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t responses_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::optional<Duration> round_trip;
  std::optional<Duration> former_round_trip;  ///< Of the answer before.
  Duration total_round_trip{};
  TimePoint last_answer{};  ///< When consent was last given; meaningful once the pair has succeeded.

  bool is_valid() const { return state == PairState::succeeded; }
  bool is_undecided() const { return state != PairState::succeeded && state != PairState::failed; }
  /// The round trip of one more answer.
  void measured(Duration trip) {
    former_round_trip = round_trip;
    round_trip = trip;
    total_round_trip += trip;
  }
  void fail(PairOutcome why) {
    state = PairState::failed;
    outcome = why;
  }
};

}  // namespace petrel::inline v0::ice
