#include "turn_server/permissions.hpp"

#include <algorithm>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {

bool Permissions::room_for(TimePoint now, const std::vector<IpAddress>& peers) const {
  const auto valid =
      std::ranges::count_if(permissions_, [&](const auto& each) { return now < each.expires; });
  std::size_t added = 0;
  for (auto peer = peers.begin(); peer != peers.end(); ++peer) {
    if (find(now, *peer) == nullptr && std::find(peers.begin(), peer, *peer) == peer) ++added;
  }
  return static_cast<std::size_t>(valid) + added <= limit_;
}

void Permissions::grant(TimePoint now, const IpAddress& peer, bool relays_only) {
  std::erase_if(permissions_, [&](const auto& each) { return each.expires <= now || each.peer == peer; });
  PETREL_ASSERT(permissions_.size() < limit_);
  permissions_.push_back({peer, now + lifetime, relays_only});
}

const Permission* Permissions::find(TimePoint now, const IpAddress& peer) const {
  const auto found = std::ranges::find(permissions_, peer, &Permission::peer);
  return found != permissions_.end() && now < found->expires ? &*found : nullptr;
}

void Permissions::forget(IpFamily family) {
  std::erase_if(permissions_, [&](const auto& each) { return each.peer.family() == family; });
}

}  // namespace petrel::inline v0::turn_server
