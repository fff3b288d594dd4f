#include <algorithm>
#include <utility>

#include "turn_server/relay.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using stun::AttributeType;
namespace error_code = stun::error_code;

std::uint32_t seconds(Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(duration).count());
}

}  // namespace

void Relay::allocate(const Asked& asked, const Account& account, const stun::MessageView& request) {
  if (const Allocation* existing = find(asked.client)) {
    if (existing->id != asked.id) return refuse(asked, error_code::allocation_mismatch);
    // The same request again (RFC 8656 7.2): its answer is on the way, or was lost.
    if (existing->opening) return;
    auto again = PacketBuffer::copy_of(existing->answer);
    return clients_.send_answer(asked.client, std::move(again).value());
  }
  const auto transport = request.requested_transport();
  if (!transport) return refuse(asked, error_code::bad_request);
  const bool tcp = *transport == stun::relay_protocol::tcp && shared_.config().tcp_relays;
  if (*transport != stun::relay_protocol::udp && !tcp) {
    return refuse(asked, error_code::unsupported_transport_protocol);
  }
  // RFC 6062 5.1: only over TCP or TLS.
  if (tcp && !asked.client.is_stream()) return refuse(asked, error_code::bad_request);

  auto read = read_wish(request, tcp);
  if (const int* code = std::get_if<int>(&read)) return refuse(asked, *code);
  Wish wish = std::get<Wish>(std::move(read));

  // A claimed port is counted already.
  const std::size_t more =
      wish.token ? 0 : wish.families.size() + (wish.kind == RelayPorts::Kind::even_with_next ? 1 : 0);
  if (!quota_.user_may_have(account.quota_name, more)) {
    return refuse(asked, error_code::allocation_quota_reached);
  }
  if (!quota_.all_may_have(more)) return refuse(asked, error_code::insufficient_capacity);

  const Limits& limits = shared_.config().limits;
  auto made = std::make_unique<Allocation>(Allocation{asked.client,
                                                      account,
                                                      {},
                                                      Permissions(limits.permissions),
                                                      Channels(limits.channels),
                                                      {},
                                                      asked.id,
                                                      {},
                                                      tcp});
  Allocation& allocation = *made;
  if (wish.token && !claim_reservation(allocation, wish)) {
    return refuse(asked, error_code::insufficient_capacity);
  }
  allocations_.emplace(asked.client, std::move(made));
  allocation.opening = Opening{asked, std::move(wish), lifetime(request), 0, {}, {}};
  for (const IpFamily each : std::vector(allocation.opening->wish.families)) open(allocation, each);
  finish_if_open(allocation);
}

std::variant<Relay::Wish, int> Relay::read_wish(const stun::MessageView& request, bool tcp) {
  const bool has_token = request.find(AttributeType::reservation_token).has_value();
  const bool has_even_port = request.find(AttributeType::even_port).has_value();
  const bool has_family = request.find(AttributeType::requested_address_family).has_value();
  const bool has_additional = request.find(AttributeType::additional_address_family).has_value();
  const auto even_port = request.even_port();

  Wish wish;
  wish.tcp = tcp;
  // RFC 6062 5.1, where RTP's pairs of ports mean nothing; nor does it know of two families at once.
  if (tcp && (has_token || has_even_port || has_additional)) return error_code::bad_request;
  if (has_token) {
    wish.token = request.reservation_token();
    if (!wish.token || has_even_port || has_family || has_additional) return error_code::bad_request;
    return wish;
  }
  if (has_even_port) {
    if (!even_port) return error_code::bad_request;
    wish.kind = *even_port ? RelayPorts::Kind::even_with_next : RelayPorts::Kind::even;
  }
  if (has_additional) {
    // RFC 8656 7.2: IPv6 in addition to IPv4 is the one thing that it can mean.
    const bool reserve = wish.kind == RelayPorts::Kind::even_with_next;
    if (has_family || reserve || request.additional_address_family() != IpFamily::v6) {
      return error_code::bad_request;
    }
    wish.families = {IpFamily::v4, IpFamily::v6};
    const bool has_any = family(IpFamily::v4) != nullptr || family(IpFamily::v6) != nullptr;
    if (!has_any) return error_code::address_family_not_supported;
    return wish;
  }
  const auto wanted = has_family ? request.requested_address_family() : IpFamily::v4;
  if (!wanted || family(*wanted) == nullptr) return error_code::address_family_not_supported;
  wish.families = {*wanted};
  return wish;
}

bool Relay::claim_reservation(Allocation& allocation, const Wish& wish) {
  const auto found = std::ranges::find_if(reservations_, [&](const auto& each) {
    return each.second.token == *wish.token && each.second.account.username == allocation.account.username;
  });
  if (found == reservations_.end()) return false;
  const Socket socket = found->second.socket;
  allocation.sockets.push_back(socket);
  flows_.emplace(socket.flow, &allocation);
  reservation_deadlines_.clear(socket.flow);
  reservations_.erase(found);
  return true;
}

void Relay::open(Allocation& allocation, IpFamily wanted) {
  Opening& opening = *allocation.opening;
  Family* from = family(wanted);
  if (from == nullptr) {
    opening.failed.push_back({wanted, error_code::address_family_not_supported});
    return;
  }
  const auto port =
      shared_.has_flows(2) ? from->ports.take(opening.wish.kind, shared_.random_source()) : std::nullopt;
  if (!port) {
    opening.failed.push_back({wanted, error_code::insufficient_capacity});
    return;
  }
  allocation.sockets.push_back(bind(allocation, wanted, *port));
  if (opening.wish.kind == RelayPorts::Kind::even_with_next) {
    opening.reserved = bind(allocation, wanted, static_cast<std::uint16_t>(*port + 1));
  }
}

// The port has been taken.
Relay::Socket Relay::bind(Allocation& allocation, IpFamily wanted, std::uint16_t port) {
  const Socket socket{shared_.new_flow(), wanted, port, false, allocation.tcp};
  flows_.emplace(socket.flow, &allocation);
  quota_.take(allocation.account.quota_name);
  const Endpoint local{family(wanted)->address.local, port};
  if (socket.tcp) {
    tcp_ports_.emplace(wanted, port);
    shared_.request(Listen{socket.flow, local, true});
  } else {
    shared_.request(BindUdp{socket.flow, local});
  }
  return socket;
}

void Relay::handle_opened(Allocation& allocation, FlowId flow) {
  for (Socket& socket : allocation.sockets) socket.open |= socket.flow == flow;
  if (auto& reserved = allocation.opening->reserved; reserved && reserved->flow == flow)
    reserved->open = true;
  finish_if_open(allocation);
}

void Relay::handle_bind_failed(Allocation& allocation, FlowId flow) {
  Opening& opening = *allocation.opening;
  // Of a pair both go: the next try needs another pair.
  const auto found = std::ranges::find(allocation.sockets, flow, &Socket::flow);
  const bool was_reserved = found == allocation.sockets.end();
  const std::size_t index = was_reserved ? 0 : static_cast<std::size_t>(found - allocation.sockets.begin());
  const Socket failed = allocation.sockets[index];
  const auto reserved = std::exchange(opening.reserved, std::nullopt);

  // The next port is drawn before this one is free again, so that it is another one.
  allocation.sockets.erase(allocation.sockets.begin() + static_cast<std::ptrdiff_t>(index));
  if (++opening.attempts < max_bind_attempts) {
    open(allocation, failed.family);
  } else {
    opening.failed.push_back({failed.family, error_code::insufficient_capacity});
  }
  release(failed, allocation.account);
  if (reserved) release(*reserved, allocation.account);
  finish_if_open(allocation);
}

void Relay::finish_if_open(Allocation& allocation) {
  Opening& opening = *allocation.opening;
  const bool waits = !std::ranges::all_of(allocation.sockets, &Socket::open) ||
                     (opening.reserved && !opening.reserved->open);
  if (waits) return;
  if (allocation.sockets.empty()) {
    const Asked asked = opening.asked;
    const int code = opening.failed.front().code;
    remove(allocation, "no_socket");
    return refuse(asked, code);
  }

  const Opening done = *std::exchange(allocation.opening, std::nullopt);
  stun::Builder builder(stun::Class::success_response, stun::Method::allocate, done.asked.id);
  for (const Socket& socket : allocation.sockets) {
    builder.xor_relayed_address({family(socket.family)->advertised(), socket.port});
  }
  builder.lifetime(seconds(done.lifetime)).xor_mapped_address(allocation.client.remote);
  if (done.reserved) {
    const auto token = shared_.random_source().bytes<8>();
    builder.reservation_token(token);
    const FlowId flow = done.reserved->flow;
    flows_.erase(flow);
    reservations_.emplace(flow, Reservation{token, allocation.account, *done.reserved});
    reservation_deadlines_.set(flow, shared_.now() + reservation_lifetime);
  }
  for (const FamilyError& error : done.failed) builder.address_error_code(error.family, error.code, {});

  deadlines_.set(allocation.client, shared_.now() + done.lifetime);
  clients_.set_allocated(allocation.client, true);
  ++shared_.stats().allocations_made;
  const std::string client = allocation.client.remote.to_string();
  const Socket& first = allocation.sockets.front();
  const std::string relayed = Endpoint{family(first.family)->advertised(), first.port}.to_string();
  shared_.log(LogLevel::info, "turn_server.allocated",
              {{"client", std::string_view(client)},
               {"user", std::string_view(allocation.account.username)},
               {"relayed", std::string_view(relayed)}});
  answer(done.asked, builder, &allocation.answer);
}

// RFC 8656 7.2: what was asked for, up to our maximum, but not less than the default.
Duration Relay::lifetime(const stun::MessageView& request) const {
  const Timeouts& timeouts = shared_.config().timeouts;
  const Duration wanted = std::chrono::seconds(request.lifetime().value_or(0));
  return std::clamp(wanted, timeouts.default_lifetime, timeouts.max_lifetime);
}

}  // namespace petrel::inline v0::turn_server
