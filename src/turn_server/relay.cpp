#include "turn_server/relay.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "petrel/base/assert.hpp"
#include "turn_server/relay_addresses.hpp"

namespace petrel::inline v0::turn_server {
namespace {

namespace error_code = stun::error_code;

PeerPolicy::Rules rules(const ServerConfig& config) {
  PeerPolicy::Rules rules{config.allow_peers, config.deny_peers, config.own_addresses, {}};
  for (const RelayAddress& relay : relay_addresses(config)) {
    rules.relays.push_back(relay.local);
    if (relay.advertised) rules.relays.push_back(*relay.advertised);
  }
  for (const Listener& listener : config.listeners) rules.own.push_back(listener.local.address);
  return rules;
}

}  // namespace

Relay::Relay(Shared& shared, Clients& clients)
    : shared_(shared),
      clients_(clients),
      answers_(shared, clients),
      connections_(shared, clients, answers_),
      policy_(rules(shared.config())),
      quota_(shared.config().limits.allocations, shared.config().limits.allocations_per_user) {
  if (shared.config().stun_only) return;
  for (RelayAddress& address : relay_addresses(shared.config())) {
    families_.push_back({std::move(address), RelayPorts(shared.config().relay_ports)});
  }
}

const Account* Relay::owner_of_connection(std::uint32_t id) const {
  const auto client = connections_.awaits(id);
  return client ? owner_of(*client) : nullptr;
}

const Account* Relay::owner_of(const ClientId& client) const {
  const Allocation* allocation = find(client);
  return allocation == nullptr ? nullptr : &allocation->account;
}

Relay::Allocation* Relay::find(const ClientId& client) const {
  const auto found = allocations_.find(client);
  return found == allocations_.end() ? nullptr : found->second.get();
}

Relay::Family* Relay::family(IpFamily wanted) {
  const auto found = std::ranges::find_if(
      families_, [&](const Family& each) { return each.address.local.family() == wanted; });
  return found == families_.end() ? nullptr : &*found;
}

// ---- Requests ---------------------------------------------------------------------------

void Relay::handle_request(const Asked& asked, const Account& account, const stun::MessageView& request) {
  stun::AttributeTypeList unknown = request.unknown_required();
  // RFC 8656 7.2: who cannot set the DF bit does not know the attribute.
  if (request.find(stun::AttributeType::dont_fragment)) unknown.push(stun::AttributeType::dont_fragment);
  if (!unknown.empty()) return refuse(asked, error_code::unknown_attribute, unknown);

  if (asked.method == stun::Method::allocate) return allocate(asked, account, request);
  if (asked.method == stun::Method::connection_bind) return bind_connection(asked, account, request);

  Allocation* allocation = find(asked.client);
  if (allocation == nullptr || allocation->opening) return refuse(asked, error_code::allocation_mismatch);
  if (allocation->account.username != account.username) return refuse(asked, error_code::wrong_credentials);
  if (asked.method == stun::Method::refresh) return refresh(asked, *allocation, request);
  if (asked.method == stun::Method::create_permission) return create_permission(asked, *allocation, request);
  if (asked.method == stun::Method::connect) return connect(asked, *allocation, request);
  PETREL_ASSERT(asked.method == stun::Method::channel_bind);
  bind_channel(asked, *allocation, request);
}

void Relay::answer(const Asked& asked, stun::Builder& builder, std::vector<std::byte>* copy) {
  answers_.send(asked, builder, copy);
}
void Relay::refuse(const Asked& asked, int code, const stun::AttributeTypeList& unknown) {
  answers_.refuse(asked, code, unknown);
}

// ---- The end of allocations -------------------------------------------------------------

void Relay::forget(const ClientId& client) {
  if (Allocation* allocation = find(client)) remove(*allocation, "connection_gone");
}

void Relay::close() {
  while (!allocations_.empty()) remove(*allocations_.begin()->second, "closed");
  for (const auto& [flow, reserved] : std::exchange(reservations_, {})) {
    release(reserved.socket, reserved.account);
    reservation_deadlines_.clear(flow);
  }
}

void Relay::remove(Allocation& allocation, std::string_view why) {
  const ClientId client = allocation.client;
  const std::string remote = client.remote.to_string();
  shared_.log(LogLevel::info, "turn_server.allocation_ended",
              {{"client", remote}, {"user", std::string_view(allocation.account.username)}, {"why", why}});
  connections_.forget(client);
  while (!allocation.sockets.empty()) remove_socket(allocation, 0);
  if (allocation.opening && allocation.opening->reserved) {
    release(*allocation.opening->reserved, allocation.account);
  }
  deadlines_.clear(client);
  allocations_.erase(client);
  clients_.set_allocated(client, false);
}

void Relay::remove_socket(Allocation& allocation, std::size_t index) {
  const Socket socket = allocation.sockets[index];
  allocation.sockets.erase(allocation.sockets.begin() + static_cast<std::ptrdiff_t>(index));
  allocation.permissions.forget(socket.family);
  allocation.channels.forget(socket.family);
  release(socket, allocation.account);
}

void Relay::release(const Socket& socket, const Account& account) {
  flows_.erase(socket.flow);
  if (socket.tcp) tcp_ports_.erase({socket.family, socket.port});
  family(socket.family)->ports.give_back(socket.port);
  quota_.give_back(account.quota_name);
  shared_.request(CloseFlow{socket.flow});
}

void Relay::handle_flow(FlowId flow, const FlowChange& change) {
  if (connections_.owns(flow)) return connections_.handle_peer_flow(flow, change);
  const bool failed = std::holds_alternative<FlowFailed>(change);
  if (const auto reserved = reservations_.find(flow); reserved != reservations_.end()) {
    if (!failed) return;
    release(reserved->second.socket, reserved->second.account);
    reservation_deadlines_.clear(flow);
    reservations_.erase(reserved);
    return;
  }
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return;
  Allocation& allocation = *found->second;
  if (allocation.opening) {
    if (failed) return handle_bind_failed(allocation, flow);
    if (std::holds_alternative<FlowOpened>(change)) handle_opened(allocation, flow);
  } else if (failed) {
    const auto socket = std::ranges::find(allocation.sockets, flow, &Socket::flow);
    remove_socket(allocation, static_cast<std::size_t>(socket - allocation.sockets.begin()));
    if (allocation.sockets.empty()) remove(allocation, "socket_failed");
  }
}

void Relay::handle_timeout() {
  connections_.handle_timeout();
  while (const auto client = deadlines_.take_due(shared_.now())) remove(*find(*client), "expired");
  while (const auto flow = reservation_deadlines_.take_due(shared_.now())) {
    const auto reserved = reservations_.find(*flow);
    release(reserved->second.socket, reserved->second.account);
    reservations_.erase(reserved);
  }
}

std::optional<TimePoint> Relay::next_timeout() const {
  std::optional<TimePoint> next = connections_.next_timeout();
  for (const auto& due : {deadlines_.earliest(), reservation_deadlines_.earliest()}) {
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

}  // namespace petrel::inline v0::turn_server
