#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/stun/nat_report.hpp"

namespace petrel::inline v0::stun {

/// How a question is repeated. RFC 8489 6.2.1 doubles its waits; this one does not (deviates), because here
/// silence is to mean something: eight sendings in 3.5 s all get lost once in a million times at 10 %.
struct ProbeSchedule {
  Duration interval = std::chrono::milliseconds(500);  ///< 20 ms to a minute.
  unsigned sends = 8;                                  ///< 1 to 64.
  Duration last_wait = std::chrono::seconds(2);        ///< After the last sending; at most a minute.
};

struct NatDiscoveryConfig {
  Endpoint server;  ///< An address; resolving names is the owner's part.
  /// Where to bind the sockets. Absent: anywhere, and then `own_addresses` tells whether what the server sees
  /// is translated.
  std::optional<IpAddress> local{};
  std::vector<IpAddress> own_addresses{};
  /// Also RFC 5780 4.6, which takes as long as the mapping lives: up to longest_lifetime_trial.
  bool measure_lifetime = false;
  ProbeSchedule schedule{};
  std::string software{};  ///< Sent as SOFTWARE unless empty.
};

struct NatDiscoveryStats {
  std::uint64_t sent = 0;
  std::uint64_t malformed = 0;   ///< Does not parse, or fails its own FINGERPRINT.
  std::uint64_t unexpected = 0;  ///< Nothing we asked for, or not from where it has to come.
};

/// Finds out what kind of NAT is between this host and a STUN server with two addresses: RFC 5780 4.3
/// (mapping), 4.4 (filtering), 4.5 (hairpinning), and if asked 4.6 (lifetime), over UDP.
///
/// A FlowCore. It binds its own sockets, ends with exactly one event, and then closes them. Without
/// the lifetime it takes twice ProbeSchedule's length at most. Not done: fragments (4.7), and the
/// discovery that an ALG rewrites packets (4.8), which needs no more than comparing MAPPED-ADDRESS.
///
/// A result holds for the path and the minute it was taken: RFC 5780 1 warns of NATs that change
/// their behaviour under load. Let ICE find the way; this is for people who want to know why.
class PETREL_API NatDiscovery {
 public:
  using Event = NatReport;

  /// The longest time that a mapping is left alone to see whether it lives.
  static constexpr Duration longest_lifetime_trial = std::chrono::seconds(330);

  /// `random` must outlive it.
  NatDiscovery(TimePoint now, NatDiscoveryConfig config, RandomSource& random);
  NatDiscovery(NatDiscovery&&) noexcept;
  NatDiscovery& operator=(NatDiscovery&&) noexcept;
  ~NatDiscovery();

  /// False: of a flow that is not ours.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  const NatDiscoveryStats& stats() const;

 private:
  class State;
  std::unique_ptr<State> state_;  // Never empty, but for a discovery that was moved from.
};

}  // namespace petrel::inline v0::stun
