#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "petrel/ice/agent.hpp"

namespace petrel::inline v0::ice {

/// What the parts of one agent share: its role, its queues, its counters.
struct Shared {
  Shared(AgentConfig agent_config, RandomSource& source)
      : config(std::move(agent_config)), random(source), role(config.role), tie_breaker(source.u64()) {}

  AgentConfig config;
  RandomSource& random;
  Role role;
  std::uint64_t tie_breaker;
  AgentStats stats;

  std::deque<Transmit> transmits;
  std::deque<IoRequest> requests;
  std::deque<Event> events;
  /// Foundations that have just worked; pairs of all streams thaw (RFC 8445 7.2.5.3.3).
  std::vector<std::string> proven_foundations;

  /// False, and counted: the queue is full, because nobody polls.
  bool transmit(FlowId flow, const Endpoint& destination, PacketBuffer payload);
  /// The news about a stream replaces older news of its kind that nobody has taken for long.
  void emit(Event event);

  /// Half a second of 10 Mbit/s.
  static constexpr std::size_t max_transmits = 512;
  static constexpr std::size_t events_before_coalescing = 64;
};

}  // namespace petrel::inline v0::ice
