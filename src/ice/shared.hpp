#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "ice/refusal_limit.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::ice {

/// RFC 8445 14.2: no agent may start transactions faster than this.
constexpr Duration min_ta = std::chrono::milliseconds(5);

class Connections;
class LocalNames;
class Relays;
struct Refusal;

/// Of two deadlines that may not be there.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// A TCP connection, as the checks know it: the flow of a candidate, and the other end.
struct ConnectionKey {
  FlowId candidate;
  Endpoint remote;
};
struct ConnectionEnded {
  FlowId candidate;
  Endpoint remote;
  PairOutcome outcome;  ///< stopped: it was not needed.
};

/// What the parts of one agent share: its role, its queues, its counters.
struct Shared {
  Shared(AgentConfig agent_config, RandomSource& source)
      : config(std::move(agent_config)), random(source), role(config.role), tie_breaker(source.u64()) {}

  AgentConfig config;
  RandomSource& random;
  Role role;
  std::uint64_t tie_breaker;
  TimePoint now{};  ///< Kept by the agent.
  AgentStats stats;
  RefusalLimit refusals;
  std::vector<ServerReport> server_reports;

  RingQueue<Transmit> transmits;
  // Lists, here and in the parts: agents come by the ten thousand, these are empty nearly always, and an
  // empty deque holds 576 bytes.
  std::list<IoRequest> requests;
  std::list<Event> events;
  /// Foundations that have just worked; pairs of all streams thaw (RFC 8445 7.2.5.3.3).
  std::vector<std::string> proven_foundations;

  /// Flows whose sockets are gone; pairs of all streams on them fail.
  std::vector<FlowId> failed_flows;
  /// What has become of connections; pairs of all streams on them hear of it.
  std::vector<ConnectionKey> opened_connections;
  std::vector<ConnectionEnded> ended_connections;
  LocalNames* names = nullptr;
  Relays* relays = nullptr;            ///< Whose flows are no sockets of the driver.
  Connections* connections = nullptr;  ///< The same.

  /// A socket of ours is another's too, so that the network has to know our ufrags.
  bool shares_port = false;

  FlowId next_flow() { return FlowId{++last_flow}; }
  /// By a socket, by a relay or over a connection, which carries all with the same DSCP. False, and
  /// counted: nobody polls the queue, or the relay refuses.
  bool transmit(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp = 0);
  /// Answers a request that does not prove to know a password of ours; unless there were too many.
  void refuse(const Datagram& datagram, const stun::MessageView& request, const Refusal& refusal);
  /// The same for what is for the driver in any case.
  bool queue(FlowId flow, const Endpoint& destination, PacketBuffer payload, std::uint8_t dscp = 0);
  /// The news about a stream replaces older news of its kind that nobody has taken for long.
  void emit(Event event);

  std::uint32_t last_flow = 0;

  /// Half a second of 10 Mbit/s.
  static constexpr std::size_t max_transmits = 512;
  static constexpr std::size_t events_before_coalescing = 64;
};

}  // namespace petrel::inline v0::ice
