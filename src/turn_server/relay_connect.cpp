#include <algorithm>

#include "turn_server/relay.hpp"

namespace petrel::inline v0::turn_server {
namespace {

namespace error_code = stun::error_code;

}  // namespace

// RFC 6062 5.2. It needs no permission: the client says himself whom he wants.
void Relay::connect(const Asked& asked, Allocation& allocation, const stun::MessageView& request) {
  const auto peer = request.xor_peer_address();
  if (!allocation.tcp || !peer || peer->port == 0) return refuse(asked, error_code::bad_request);
  if (const int code = check_peer(allocation, *peer); code != 0) return refuse(asked, code);
  const bool relays_only = policy_.verdict(peer->address) == PeerPolicy::Verdict::relays_only;
  if (relays_only && !is_relay(*peer, true)) return refuse(asked, error_code::forbidden);
  if (connections_.has(asked.client, *peer)) return refuse(asked, error_code::connection_already_exists);
  if (!may_have_connection(allocation) || !shared_.has_flows(1)) {
    return refuse(asked, error_code::insufficient_capacity);
  }
  const Socket& socket = allocation.sockets.front();
  connections_.connect(asked, allocation.account.username, *peer,
                       {family(socket.family)->address.local, socket.port},
                       is_relay(*peer, true) ? inside(*peer) : *peer);
}

bool Relay::may_have_connection(const Allocation& allocation) const {
  const Limits& limits = shared_.config().limits;
  return connections_.size() < limits.peer_connections &&
         connections_.count(allocation.client) < limits.peer_connections_per_allocation;
}

// RFC 6062 5.4: on a connection of its own.
void Relay::bind_connection(const Asked& asked, const Account& account, const stun::MessageView& request) {
  if (!asked.client.is_stream() || find(asked.client) != nullptr) {
    return refuse(asked, error_code::bad_request);
  }
  connections_.bind(asked, account.username, request);
}

// RFC 6062 5.3.
void Relay::handle_accepted(FlowId flow, const FlowAccepted& accepted) {
  ServerStats& stats = shared_.stats();
  const auto found = flows_.find(accepted.listener);
  if (found == flows_.end() || !found->second->tcp || found->second->opening) {
    ++stats.unexpected;
    return shared_.request(CloseFlow{flow});
  }
  const Allocation& allocation = *found->second;
  const Endpoint peer = outside(accepted.remote);
  const Permission* permission = allocation.permissions.find(shared_.now(), peer.address);
  if (permission == nullptr) {
    ++stats.packets_without_permission;
  } else if (permission->relays_only && !is_relay(peer, true)) {
    ++stats.forbidden_peers;
  } else if (!may_have_connection(allocation)) {
    ++stats.connections_refused;
  } else {
    return connections_.accept(flow, allocation.client, allocation.account.username, peer);
  }
  shared_.request(CloseFlow{flow});
}

}  // namespace petrel::inline v0::turn_server
