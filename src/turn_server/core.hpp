#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "petrel/turn_server/server.hpp"
#include "turn_server/authenticator.hpp"
#include "turn_server/clients.hpp"
#include "turn_server/discovery.hpp"
#include "turn_server/rate_limit.hpp"
#include "turn_server/relay.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// The server: tells flows and messages apart, answers whoever has not authenticated himself, and
/// gives everything else to the relay.
class Core {
 public:
  /// The configuration has been checked.
  Core(TimePoint now, ServerConfig config, RandomSource& random);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  void close(TimePoint now);

  std::optional<Transmit> poll_transmit();

  Shared& shared() { return shared_; }
  ServerStats stats() const;

 private:
  void advance(TimePoint now);
  void settle();
  const Listener* listener_of(FlowId flow) const;
  void handle_listener(std::size_t index, const FlowChange& change);
  void handle_accepted(FlowId flow, const FlowAccepted& accepted);

  void handle_message(const ClientId& client, Bytes bytes);
  void handle_dtls(const ClientId& client, Bytes datagram);
  void handle_stun(const ClientId& client, Bytes bytes);
  void handle_request(const ClientId& client, const stun::MessageView& request);
  void answer_binding(const ClientId& client, const stun::MessageView& request);
  void refuse_attributes(const ClientId& client, const stun::MessageView& request,
                         const stun::AttributeTypeList& types);
  void refuse(const ClientId& client, const stun::MessageView& request, const Refused& refused);
  bool may_answer(const ClientId& client);

  Shared shared_;
  Clients clients_;
  Discovery discovery_;
  Relay relay_;
  Authenticator authenticator_;
  RateLimit rate_limit_;
  std::vector<FlowId> listeners_;  ///< In the order of the configuration.
  bool closed_ = false;
};

}  // namespace petrel::inline v0::turn_server
