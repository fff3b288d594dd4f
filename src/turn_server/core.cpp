#include "turn_server/core.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "petrel/base/assert.hpp"
#include "petrel/turn/channel_data.hpp"

namespace petrel::inline v0::turn_server {
namespace {

namespace error_code = stun::error_code;

bool is_datagram(TransportProtocol protocol) {
  return protocol == TransportProtocol::udp || protocol == TransportProtocol::dtls;
}

bool is_turn(stun::Method method) {
  return method == stun::Method::allocate || method == stun::Method::refresh ||
         method == stun::Method::create_permission || method == stun::Method::channel_bind ||
         method == stun::Method::connect || method == stun::Method::connection_bind;
}

// What the 420 lists. RFC 5780 6.1: CHANGE-REQUEST and RESPONSE-PORT are unknown where they cannot be served.
stun::AttributeTypeList unserved(const stun::MessageView& request, bool serves_discovery) {
  stun::AttributeTypeList types = request.unknown_required();
  for (const auto type : {stun::AttributeType::change_request, stun::AttributeType::response_port}) {
    if (!serves_discovery && request.find(type)) types.push(type);
  }
  return types;
}

}  // namespace

Core::Core(TimePoint now, ServerConfig config, RandomSource& random)
    : shared_(now, std::move(config), random),
      clients_(shared_),
      discovery_(shared_),
      relay_(shared_, clients_),
      authenticator_(now, shared_.config(), random),
      rate_limit_(shared_.config().limits.unauthenticated_per_second, random) {
  for (const Listener& listener : shared_.config().listeners) {
    const FlowId flow = shared_.new_flow();
    listeners_.push_back(flow);
    if (listener.protocol == TransportProtocol::dtls) clients_.listen_for_dtls(flow);
    if (is_datagram(listener.protocol)) {
      shared_.request(BindUdp{flow, listener.local});
    } else {
      shared_.request(Listen{flow, listener.local});
    }
  }
}

// ---- Flows and time ---------------------------------------------------------------------

bool Core::handle_datagram(TimePoint now, const Datagram& datagram) {
  if (closed_) return false;
  advance(now);
  if (relay_.owns(datagram.flow)) {
    relay_.handle_packet(datagram);
  } else if (clients_.has(datagram.flow)) {
    clients_.handle_bytes(datagram.flow, datagram.payload);
    while (const auto message = clients_.next_message(datagram.flow)) {
      handle_message(*clients_.client_of(datagram.flow), *message);
    }
    relay_.connections().handle_client_bytes(datagram.flow);
  } else if (const Listener* listener = listener_of(datagram.flow);
             discovery_.owns(datagram.flow) ||
             (listener != nullptr && listener->protocol == TransportProtocol::udp)) {
    handle_message({datagram.flow, datagram.source}, datagram.payload);
  } else if (listener != nullptr && listener->protocol == TransportProtocol::dtls) {
    handle_dtls({datagram.flow, datagram.source}, datagram.payload);
  } else {
    return false;
  }
  settle();
  return true;
}

void Core::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  if (closed_) return;
  advance(now);
  if (const auto* accepted = std::get_if<FlowAccepted>(&change)) {
    handle_accepted(flow, *accepted);
  } else if (clients_.has(flow)) {
    clients_.handle_flow(flow, change);
    relay_.connections().handle_client_flow(flow, change);
  } else if (relay_.owns(flow)) {
    relay_.handle_flow(flow, change);
  } else if (discovery_.owns(flow)) {
    discovery_.handle_flow(flow, change);
  } else if (const auto found = std::ranges::find(listeners_, flow); found != listeners_.end()) {
    handle_listener(static_cast<std::size_t>(found - listeners_.begin()), change);
  }
  settle();
}

void Core::handle_listener(std::size_t index, const FlowChange& change) {
  if (const auto* opened = std::get_if<FlowOpened>(&change)) {
    shared_.report(ListenerOpened{index, opened->local});
    // The first UDP listener is the one that check() has looked at, whichever opens first.
    const auto& listeners = shared_.config().listeners;
    const auto first = std::ranges::find(listeners, TransportProtocol::udp, &Listener::protocol);
    if (first - listeners.begin() == static_cast<std::ptrdiff_t>(index)) {
      discovery_.start(listeners_[index], opened->local);
    }
  } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    shared_.report(ListenerFailed{index, failed->error});
  }
}

void Core::handle_accepted(FlowId flow, const FlowAccepted& accepted) {
  if (relay_.owns(accepted.listener)) return relay_.handle_accepted(flow, accepted);
  const Listener* listener = listener_of(accepted.listener);
  if (listener == nullptr || is_datagram(listener->protocol)) {
    shared_.request(CloseFlow{flow});
  } else {
    clients_.accept(flow, accepted, listener->protocol);
  }
}

const Listener* Core::listener_of(FlowId flow) const {
  const auto found = std::ranges::find(listeners_, flow);
  if (found == listeners_.end()) return nullptr;
  return &shared_.config().listeners[static_cast<std::size_t>(found - listeners_.begin())];
}

void Core::handle_timeout(TimePoint now) {
  if (!closed_) advance(now);
}

// Nothing happens at an instant before what was due then: an allocation that has expired relays no more.
void Core::advance(TimePoint now) {
  shared_.advance(now);
  relay_.handle_timeout();
  clients_.handle_timeout();
  settle();
}

void Core::settle() {
  while (const auto client = clients_.poll_ended()) {
    relay_.connections().handle_client_flow(client->flow, FlowClosed{});
    relay_.forget(*client);
  }
}

std::optional<TimePoint> Core::next_timeout() const {
  const auto relay = relay_.next_timeout();
  const auto clients = clients_.next_timeout();
  if (!relay || !clients) return relay ? relay : clients;
  return std::min(*relay, *clients);
}

void Core::close(TimePoint now) {
  if (std::exchange(closed_, true)) return;
  shared_.advance(now);
  relay_.close();
  clients_.close();
  discovery_.close();
  settle();
  for (const FlowId flow : listeners_) shared_.request(CloseFlow{flow});
}

std::optional<Transmit> Core::poll_transmit() {
  auto transmit = shared_.poll_transmit();
  if (transmit) relay_.connections().handle_polled();
  return transmit;
}

ServerStats Core::stats() const {
  ServerStats stats = shared_.stats();
  stats.allocations = relay_.allocations();
  stats.connections = clients_.connections();
  stats.peer_connections = relay_.connections().size();
  return stats;
}

// ---- Messages ---------------------------------------------------------------------------

void Core::handle_message(const ClientId& client, Bytes bytes) {
  if (bytes.empty() || client.remote.port == 0) {
    ++shared_.stats().malformed;
  } else if (turn::begins_channel_data(bytes.front(), turn::max_old_channel)) {
    const auto message = turn::ChannelDataView::parse(bytes, turn::max_old_channel);
    if (message) return relay_.handle_channel_data(client, *message);
    ++shared_.stats().malformed;
  } else {
    handle_stun(client, bytes);
  }
}

void Core::handle_dtls(const ClientId& client, Bytes datagram) {
  DtlsSessions& sessions = clients_.dtls();
  if (!sessions.has(client)) {
    if (client.remote.port == 0 || !DtlsSessions::begins_session(datagram)) {
      ++shared_.stats().malformed;
      return;
    }
    if (!may_answer(client)) return;
  }
  sessions.handle_datagram(client, datagram);
  while (const auto message = sessions.next_message(client)) handle_message(client, message->bytes());
}

void Core::handle_stun(const ClientId& client, Bytes bytes) {
  const auto message = stun::MessageView::parse(bytes);
  if (!message || (message->has_fingerprint() && !message->fingerprint_ok())) {
    ++shared_.stats().malformed;
    return;
  }
  if (message->message_class() == stun::Class::request) return handle_request(client, *message);
  if (message->message_class() == stun::Class::indication) {
    if (message->method() == stun::Method::binding) return;  // Keeps a NAT open, and wants no answer.
    if (message->method() == stun::Method::send) return relay_.handle_send_indication(client, *message);
  }
  ++shared_.stats().unexpected;
}

void Core::handle_request(const ClientId& client, const stun::MessageView& request) {
  if (request.method() == stun::Method::binding) return answer_binding(client, request);
  if (!is_turn(request.method()) || shared_.config().stun_only || discovery_.owns(client.flow)) {
    ++shared_.stats().unexpected;  // RFC 8489 6.3: a method that is not supported.
    return;
  }
  const Account* established = relay_.owner_of(client);
  const bool is_known = established != nullptr;
  if (const auto id = request.connection_id(); id && request.method() == stun::Method::connection_bind) {
    established = relay_.owner_of_connection(*id);
  }
  // A flood is not worth a digest each. Only clients that have shown a password go past this, so that
  // nobody can spend the allowance of a running call.
  if (!is_known && !rate_limit_.allows(shared_.now(), client.remote.address)) {
    ++shared_.stats().rate_limited;
    return;
  }
  auto checked = authenticator_.check(shared_.now(), shared_.unix_time(), client, request, established);
  if (const auto* refused = std::get_if<Refused>(&checked)) return refuse(client, request, *refused);
  auto& authenticated = std::get<Authenticated>(checked);
  const Asked asked{client, request.method(), request.id(), request.has_fingerprint(),
                    std::move(authenticated.signer)};
  relay_.handle_request(asked, authenticated.account, request);
}

// ---- Answers to whoever asks ------------------------------------------------------------

// RFC 8489 12. The answer has little more than the request: 12 bytes for an IPv4 address, 24 for an
// IPv6 address, which is 1.25 and 1.35 times the shortest request as a packet.
void Core::answer_binding(const ClientId& client, const stun::MessageView& request) {
  if (!may_answer(client)) return;
  const auto way = discovery_.way(client.flow, request.change_request().value_or(stun::ChangeRequest{}));
  const auto not_understood = unserved(request, way.has_value());
  if (!not_understood.empty()) return refuse_attributes(client, request, not_understood);

  stun::Builder builder(stun::Class::success_response, stun::Method::binding, request.id());
  builder.xor_mapped_address(client.remote);
  ClientId asker = client;
  if (way) {
    // RFC 5780 6.1 has MAPPED-ADDRESS in it as well, for clients of RFC 3489; deviates, to stay short.
    builder.response_origin(way->origin).other_address(way->other);
    asker.flow = way->flow;
    // RFC 5780 7.5: another port, but never another address than the one that asks.
    if (const auto port = request.response_port(); port && *port != 0) asker.remote.port = *port;
  }
  ++shared_.stats().bindings_answered;
  auto answer = builder.finish({.fingerprint = request.has_fingerprint()});
  PETREL_ASSERT(answer);
  clients_.send_answer(asker, *std::move(answer));
}

void Core::refuse_attributes(const ClientId& client, const stun::MessageView& request,
                             const stun::AttributeTypeList& types) {
  stun::Builder builder(stun::Class::error_response, stun::Method::binding, request.id());
  builder.error_code(error_code::unknown_attribute, {}).unknown_attributes({types.begin(), types.end()});
  auto answer = builder.finish({.fingerprint = request.has_fingerprint()});
  PETREL_ASSERT(answer);
  clients_.send_answer(client, *std::move(answer));
}

// The phrase stays empty, so that nobody gets more than he needs.
void Core::refuse(const ClientId& client, const stun::MessageView& request, const Refused& refused) {
  if (refused.wrong_password) ++shared_.stats().wrong_passwords;
  if (!may_answer(client)) return;
  stun::Builder builder(stun::Class::error_response, request.method(), request.id());
  builder.error_code(refused.code, {});
  if (refused.code != error_code::bad_request) {
    ++shared_.stats().challenges;
    authenticator_.add_challenge(shared_.now(), client, builder);
  }
  auto answer = builder.finish({.fingerprint = request.has_fingerprint()});
  PETREL_ASSERT(answer && answer->size() <= Server::max_challenge_bytes);
  clients_.send_answer(client, *std::move(answer));
}

bool Core::may_answer(const ClientId& client) {
  if (rate_limit_.take(shared_.now(), client.remote.address)) return true;
  ++shared_.stats().rate_limited;
  return false;
}

}  // namespace petrel::inline v0::turn_server
