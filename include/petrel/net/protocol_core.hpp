#pragma once

#include <concepts>
#include <optional>

#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/io_request.hpp"

namespace petrel::inline v0 {

/// The shape shared by every sans-I/O core that faces the network.
///
///  - handle_*() change state; they never block, throw for bad peer input, or
///    call back into the caller. Outputs they cause are queued.
///  - poll_*() only take from those queues. Polling late costs latency, never
///    correctness, and it is legal to call handle_*() again before draining.
///  - next_timeout() is const, and nullopt means nothing is pending.
///  - `now` never goes back in a way that matters: a core clamps it.
template <class T>
concept ProtocolCore = requires(T core, const T& const_core, TimePoint now, const Datagram& datagram) {
  typename T::Event;
  { core.handle_datagram(now, datagram) } -> std::same_as<bool>;  ///< false: not for me
  { core.handle_timeout(now) } -> std::same_as<void>;
  { const_core.next_timeout() } -> std::same_as<std::optional<TimePoint>>;
  { core.poll_transmit() } -> std::same_as<std::optional<Transmit>>;
  { core.poll_event() } -> std::same_as<std::optional<typename T::Event>>;
};

/// A core that also asks for flows and names.
template <class T>
concept FlowCore = ProtocolCore<T> && requires(T core, TimePoint now, FlowId flow, const FlowChange& change) {
  { core.poll_request() } -> std::same_as<std::optional<IoRequest>>;
  { core.handle_flow(now, flow, change) } -> std::same_as<void>;
};

}  // namespace petrel::inline v0
