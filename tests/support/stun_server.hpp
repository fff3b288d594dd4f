#pragma once

#include <deque>
#include <optional>
#include <system_error>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::testing {

/// A STUN server on a host of the virtual network: answers Binding requests with
/// XOR-MAPPED-ADDRESS (RFC 8489 6.3.1) and is silent to all else.
///
///   StunServer server(*Endpoint::parse("192.0.2.10:3478"));
///   network.attach(network.add_host({.name = "stun", .addresses = {…}}), server);
class StunServer {
 public:
  /// A request that was answered.
  struct Answered {
    Endpoint source;
  };
  using Event = Answered;

  explicit StunServer(const Endpoint& local) : local_(local), bind_(BindUdp{flow, local}) {}

  /// While off, requests are counted and not answered.
  void set_silent(bool silent) { silent_ = silent; }

  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_timeout(TimePoint) {}
  void handle_flow(TimePoint, FlowId, const FlowChange&) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  const Endpoint& local() const { return local_; }
  unsigned requests() const { return requests_; }

  static constexpr FlowId flow{1};

 private:
  Endpoint local_;
  std::optional<BindUdp> bind_;
  bool silent_ = false;
  unsigned requests_ = 0;
  std::deque<Transmit> outgoing_;
  std::deque<Event> events_;
};

}  // namespace petrel::inline v0::testing
