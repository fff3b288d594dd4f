#include <algorithm>
#include <utility>

#include "turn_server/relay.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using stun::AttributeType;
namespace error_code = stun::error_code;

}  // namespace

void Relay::refresh(const Asked& asked, Allocation& allocation, const stun::MessageView& request) {
  auto socket = allocation.sockets.end();
  const bool has_family = request.find(AttributeType::requested_address_family).has_value();
  if (has_family) {
    const auto wanted = request.requested_address_family();
    socket =
        std::ranges::find_if(allocation.sockets, [&](const Socket& each) { return each.family == wanted; });
    if (socket == allocation.sockets.end()) return refuse(asked, error_code::peer_address_family_mismatch);
  }
  stun::Builder builder = Answers::success(asked);
  if (request.lifetime() == 0u) {
    builder.lifetime(0);
    answer(asked, builder);
    if (has_family && allocation.sockets.size() > 1) {
      remove_socket(allocation, static_cast<std::size_t>(socket - allocation.sockets.begin()));
    } else {
      remove(allocation, "deleted");
    }
    return;
  }
  const Duration granted = lifetime(request);
  deadlines_.set(allocation.client, shared_.now() + granted);
  builder.lifetime(static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(granted).count()));
  answer(asked, builder);
}

void Relay::create_permission(const Asked& asked, Allocation& allocation, const stun::MessageView& request) {
  const auto attributes = request.attributes();
  const auto count = static_cast<std::size_t>(std::count_if(
      attributes.begin(), attributes.end(),
      [](const stun::Attribute& each) { return each.type == AttributeType::xor_peer_address; }));
  if (count == 0) return refuse(asked, error_code::bad_request);

  // All of them or none, RFC 8656 10.2.
  std::vector<IpAddress> peers;
  for (std::size_t index = 0; index < count; ++index) {
    const auto peer = request.xor_peer_address(index);
    if (!peer) return refuse(asked, error_code::bad_request);
    if (const int code = check_peer(allocation, *peer); code != 0) return refuse(asked, code);
    peers.push_back(peer->address);
  }
  if (!allocation.permissions.room_for(shared_.now(), peers)) {
    return refuse(asked, error_code::insufficient_capacity);
  }
  for (const IpAddress& peer : peers) {
    allocation.permissions.grant(shared_.now(), peer,
                                 policy_.verdict(peer) == PeerPolicy::Verdict::relays_only);
  }
  stun::Builder builder = Answers::success(asked);
  answer(asked, builder);
}

void Relay::bind_channel(const Asked& asked, Allocation& allocation, const stun::MessageView& request) {
  if (allocation.tcp) return refuse(asked, error_code::bad_request);  // RFC 6062 4.5: there are none.
  const auto number = request.channel_number();
  const auto peer = request.xor_peer_address();
  // RFC 8656 12 ends at 0x4fff, for the sake of clients that tell protocols apart by the first byte.
  // Those that do not may be of RFC 5766, coturn's own among them.
  if (!number || !peer || *number < turn::min_channel || *number > turn::max_old_channel || peer->port == 0) {
    return refuse(asked, error_code::bad_request);
  }
  if (const int code = check_peer(allocation, *peer); code != 0) return refuse(asked, code);
  const bool relays_only = policy_.verdict(peer->address) == PeerPolicy::Verdict::relays_only;
  if (relays_only && !is_relay(*peer, false)) return refuse(asked, error_code::forbidden);

  const TimePoint now = shared_.now();
  const Channels::Verdict verdict = allocation.channels.verdict(now, *number, *peer);
  if (verdict == Channels::Verdict::taken) return refuse(asked, error_code::bad_request);
  if (verdict == Channels::Verdict::full || !allocation.permissions.room_for(now, {peer->address})) {
    return refuse(asked, error_code::insufficient_capacity);
  }
  allocation.channels.bind(now, *number, *peer);
  // RFC 8656 12.2: a binding makes or refreshes a permission as well.
  allocation.permissions.grant(now, peer->address, relays_only);
  stun::Builder builder = Answers::success(asked);
  answer(asked, builder);
}

// The error code, or 0: the client may exchange packets with this peer.
int Relay::check_peer(const Allocation& allocation, const Endpoint& peer) {
  const bool has_family = std::ranges::any_of(
      allocation.sockets, [&](const Socket& each) { return each.family == peer.address.family(); });
  if (!has_family) return error_code::peer_address_family_mismatch;
  return policy_.allowed(peer.address) ? 0 : error_code::forbidden;
}

}  // namespace petrel::inline v0::turn_server
