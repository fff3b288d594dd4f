#include "turn/peer_table.hpp"

#include <algorithm>
#include <utility>

#include "petrel/turn/channel_data.hpp"

namespace petrel::inline v0::turn {
namespace {

// Whoever was used since it was renewed is renewed again, in time.
template <class Entry>
TimePoint renewal_of(const Entry& entry, Duration lifetime) {
  return entry.renewed + lifetime - PeerTable::renewal_margin;
}

template <class Entry>
bool is_renewal_due(const Entry& entry, Duration lifetime, TimePoint now) {
  return !entry.asked && entry.used > entry.renewed && now >= renewal_of(entry, lifetime);
}

void take_earlier(std::optional<TimePoint>& earliest, TimePoint due) {
  if (!earliest || due < *earliest) earliest = due;
}

// When nothing is known of it any more, unless it is used again.
TimePoint end_of(const Permission& permission) {
  return permission.renewed + (permission.state == Permission::State::refused
                                   ? PeerTable::refusal_memory
                                   : PeerTable::permission_lifetime);
}
TimePoint end_of(const Channel& channel) {
  return channel.renewed + PeerTable::channel_lifetime + PeerTable::channel_quarantine;
}

}  // namespace

bool PeerTable::is_granted(const Permission& permission, TimePoint now) {
  return permission.state == Permission::State::granted && now < permission.renewed + permission_lifetime;
}

bool PeerTable::is_bound(const Channel& channel, TimePoint now) {
  return channel.state == Channel::State::bound && now < channel.renewed + channel_lifetime;
}

Permission* PeerTable::find(const IpAddress& address) {
  const auto found = std::ranges::find(permissions_, address, &Permission::address);
  return found == permissions_.end() ? nullptr : &*found;
}

const Permission* PeerTable::find_permission(const IpAddress& address) const {
  const auto found = std::ranges::find(permissions_, address, &Permission::address);
  return found == permissions_.end() ? nullptr : &*found;
}

Permission* PeerTable::use_permission(TimePoint now, const IpAddress& address) {
  Permission* permission = find(address);
  if (permission == nullptr) {
    if (permissions_.size() == Client::max_permissions) return nullptr;
    permission = &permissions_.emplace_back(Permission{.address = address, .used = now, .renewed = now});
  }
  permission->used = now;
  if (permission->state != Permission::State::wanted && !permission->asked && now >= end_of(*permission)) {
    permission->state = Permission::State::wanted;
  }
  return permission;
}

Channel* PeerTable::use_channel(TimePoint now, const Endpoint& peer, bool make) {
  auto found = std::ranges::find(channels_, peer, &Channel::peer);
  if (found == channels_.end()) {
    if (!make || channels_.size() == Client::max_channels) return nullptr;
    channels_.push_back({.peer = peer, .number = free_number(), .used = now, .renewed = now});
    return &channels_.back();
  }
  found->used = now;
  const bool lapsed = found->state == Channel::State::bound && !is_bound(*found, now);
  const bool forgiven = found->state == Channel::State::refused && now >= found->renewed + refusal_memory;
  if (make && !found->asked && (lapsed || forgiven)) found->state = Channel::State::unbound;
  return &*found;
}

Channel* PeerTable::find_channel(std::uint16_t number) {
  const auto found = std::ranges::find(channels_, number, &Channel::number);
  return found == channels_.end() ? nullptr : &*found;
}

std::uint16_t PeerTable::free_number() const {
  // There are more numbers than channels, so that one is free.
  std::uint16_t number = min_channel;
  while (std::ranges::find(channels_, number, &Channel::number) != channels_.end()) ++number;
  return number;
}

std::optional<Request> PeerTable::poll_request(TimePoint now) {
  for (Permission& permission : permissions_) {
    const bool wanted = permission.state == Permission::State::wanted && !permission.asked;
    const bool renewal = permission.state == Permission::State::granted &&
                         is_renewal_due(permission, permission_lifetime, now);
    if (!wanted && !renewal) continue;
    permission.asked = true;
    return Request{.kind = RequestKind::create_permission, .peer = {permission.address, 0}};
  }
  for (Channel& channel : channels_) {
    const bool wanted = channel.state == Channel::State::unbound && !channel.asked;
    const bool renewal =
        channel.state == Channel::State::bound && is_renewal_due(channel, channel_lifetime, now);
    if (!wanted && !renewal) continue;
    channel.asked = true;
    return Request{.kind = RequestKind::channel_bind, .peer = channel.peer, .channel = channel.number};
  }
  return std::nullopt;
}

std::vector<WaitingPacket> PeerTable::handle_answer(TimePoint now, const Request& request, bool granted) {
  if (request.kind == RequestKind::channel_bind) {
    Channel* channel = find_channel(request.channel);
    if (channel == nullptr) return {};
    channel->asked = false;
    channel->renewed = now;
    channel->state = granted ? Channel::State::bound : Channel::State::refused;
    if (!granted) return {};
  }
  Permission* permission = find(request.peer.address);
  if (permission == nullptr) return {};
  // RFC 8656 12.2: binding a channel renews the permission too.
  if (request.kind == RequestKind::create_permission) permission->asked = false;
  permission->renewed = now;
  permission->state = granted ? Permission::State::granted : Permission::State::refused;
  return std::exchange(permission->waiting, {});
}

void PeerTable::handle_timeout(TimePoint now) {
  // Nothing waits for what lapses here: a packet that has to wait has its permission asked for.
  std::erase_if(permissions_, [&](const Permission& permission) {
    return permission.state != Permission::State::wanted && !permission.asked && now >= end_of(permission);
  });
  std::erase_if(channels_, [&](const Channel& channel) { return !channel.asked && now >= end_of(channel); });
}

std::optional<TimePoint> PeerTable::next_timeout() const {
  std::optional<TimePoint> earliest;
  for (const Permission& permission : permissions_) {
    if (permission.asked || permission.state == Permission::State::wanted) continue;
    const bool renew = permission.state == Permission::State::granted && permission.used > permission.renewed;
    take_earlier(earliest, renew ? renewal_of(permission, permission_lifetime) : end_of(permission));
  }
  for (const Channel& channel : channels_) {
    if (channel.asked) continue;
    const bool renew = channel.state == Channel::State::bound && channel.used > channel.renewed;
    take_earlier(earliest, renew ? renewal_of(channel, channel_lifetime) : end_of(channel));
  }
  return earliest;
}

}  // namespace petrel::inline v0::turn
