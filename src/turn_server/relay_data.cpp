#include <algorithm>
#include <utility>

#include "petrel/base/bytes.hpp"
#include "turn_server/relay.hpp"

namespace petrel::inline v0::turn_server {
namespace {

// A Data indication around the payload, in place (RFC 8656 11.3): header, XOR-PEER-ADDRESS and the
// header of DATA in front, which the headroom was made for, and padding behind.
void wrap_in_indication(PacketBuffer& packet, const Endpoint& peer, const stun::TransactionId& id) {
  constexpr std::uint16_t data_indication = 0x0017;  // RFC 8489 5, 18.1: class 01, method 007.
  constexpr std::size_t attribute_header = 4;
  constexpr std::size_t family_and_port = 4;

  const std::size_t payload_size = packet.size();
  const std::size_t padding = (4 - payload_size % 4) % 4;
  packet.resize(payload_size + padding);
  std::fill_n(packet.data() + payload_size, padding, std::byte{0});
  const std::size_t address_size = family_and_port + peer.address.size();
  packet.grow_front(stun::header_size + attribute_header + address_size + attribute_header);

  ByteWriter writer(packet.writable());
  writer.u16(data_indication);
  writer.u16(static_cast<std::uint16_t>(packet.size() - stun::header_size));
  writer.u32(stun::magic_cookie);
  writer.bytes(id);
  writer.u16(static_cast<std::uint16_t>(stun::AttributeType::xor_peer_address));
  writer.u16(static_cast<std::uint16_t>(address_size));
  writer.u16(peer.address.is_v4() ? 1 : 2);
  writer.u16(static_cast<std::uint16_t>(peer.port ^ (stun::magic_cookie >> 16)));
  // RFC 8489 14.2: the key is the cookie and the id, which stand in the message like this.
  const Bytes key = packet.bytes().subspan(4);
  for (std::size_t i = 0; i < peer.address.size(); ++i) {
    writer.u8(static_cast<std::uint8_t>(peer.address.octets()[i] ^ std::to_integer<std::uint8_t>(key[i])));
  }
  writer.u16(static_cast<std::uint16_t>(stun::AttributeType::data));
  writer.u16(static_cast<std::uint16_t>(payload_size));
}

}  // namespace

// ---- From the client to a peer ----------------------------------------------------------

void Relay::handle_send_indication(const ClientId& client, const stun::MessageView& indication) {
  const Allocation* allocation = find(client);
  const auto peer = indication.xor_peer_address();
  const auto data = indication.data();
  // RFC 8656 11.2: an attribute that is missing or cannot be obeyed drops the whole.
  if (allocation == nullptr || allocation->tcp || !peer || !data || !indication.unknown_required().empty() ||
      indication.find(stun::AttributeType::dont_fragment)) {
    ++shared_.stats().unexpected;
    return;
  }
  send_to_peer(*allocation, *peer, *data);
}

void Relay::handle_channel_data(const ClientId& client, const turn::ChannelDataView& message) {
  const Allocation* allocation = find(client);
  const auto peer =
      allocation == nullptr ? std::nullopt : allocation->channels.peer_of(shared_.now(), message.channel);
  if (!peer) {
    ++shared_.stats().unexpected;
    return;
  }
  send_to_peer(*allocation, *peer, message.payload);
}

void Relay::send_to_peer(const Allocation& allocation, const Endpoint& peer, Bytes payload) {
  ServerStats& stats = shared_.stats();
  // A channel does not make a permission by being used (RFC 8656 9), only by being bound.
  const Permission* permission = allocation.permissions.find(shared_.now(), peer.address);
  const auto socket = std::ranges::find(allocation.sockets, peer.address.family(), &Socket::family);
  if (permission == nullptr || socket == allocation.sockets.end()) {
    ++stats.packets_without_permission;
    return;
  }
  if (permission->relays_only && !is_relay(peer, false)) {
    ++stats.forbidden_peers;
    return;
  }
  auto packet = PacketBuffer::copy_of(payload);
  if (!packet || peer.port == 0 || !shared_.has_room()) {
    ++stats.packets_dropped;
    return;
  }
  ++stats.packets_to_peers;
  stats.bytes_to_peers += payload.size();
  shared_.transmit({socket->flow, is_relay(peer, false) ? inside(peer) : peer, *std::move(packet)});
}

// ---- From a peer to the client ----------------------------------------------------------

void Relay::handle_packet(const Datagram& datagram) {
  if (connections_.owns(datagram.flow))
    return connections_.handle_peer_bytes(datagram.flow, datagram.payload);
  ServerStats& stats = shared_.stats();
  const auto found = flows_.find(datagram.flow);
  if (found == flows_.end() || found->second->opening) {
    ++stats.unexpected;
    return;
  }
  const Allocation& allocation = *found->second;
  const Endpoint peer = outside(datagram.source);
  const Permission* permission = allocation.permissions.find(shared_.now(), peer.address);
  if (permission == nullptr) {
    ++stats.packets_without_permission;
    return;
  }
  if (permission->relays_only && !is_relay(peer, false)) {
    ++stats.forbidden_peers;
    return;
  }
  auto packet = PacketBuffer::copy_of(datagram.payload);
  if (!packet) {
    ++stats.packets_dropped;
    return;
  }
  if (const auto channel = allocation.channels.number_of(shared_.now(), peer)) {
    turn::prepend_channel_data(*packet, *channel, allocation.client.is_stream());
  } else {
    wrap_in_indication(*packet, peer, shared_.random_source().bytes<12>());
  }
  ++stats.packets_to_clients;
  stats.bytes_to_clients += datagram.payload.size();
  clients_.send_data(allocation.client, *std::move(packet));
}

// ---- Relays of our own ------------------------------------------------------------------

// Does one of our allocations live here, by the address that clients are told? Beside its UDP port the TCP
// port of the same number may be somebody else's, and the other way round.
bool Relay::is_relay(const Endpoint& endpoint, bool tcp) {
  const Family* of = family(endpoint.address.family());
  return of != nullptr && endpoint.address == of->advertised() && of->ports.in_use(endpoint.port) &&
         tcp_ports_.contains({endpoint.address.family(), endpoint.port}) == tcp;
}

// Clients know our relays by their address outside. A NAT in front need not lead packets for
// that address back to us, so that they go by the address inside.
Endpoint Relay::inside(const Endpoint& peer) {
  const IpAddress& local = family(peer.address.family())->address.local;
  return local.is_unspecified() ? peer : Endpoint{local, peer.port};
}

Endpoint Relay::outside(const Endpoint& source) {
  const Family* of = family(source.address.family());
  if (of == nullptr || source.address != of->address.local || !of->ports.in_use(source.port)) return source;
  return {of->advertised(), source.port};
}

}  // namespace petrel::inline v0::turn_server
