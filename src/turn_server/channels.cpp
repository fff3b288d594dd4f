#include "turn_server/channels.hpp"

#include <algorithm>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {

Channels::Verdict Channels::verdict(TimePoint now, std::uint16_t number, const Endpoint& peer) const {
  std::size_t others = 0;
  for (const Binding& binding : bindings_) {
    if (binding.expires <= now) continue;
    // RFC 8656 12.2: neither may be bound to anything else.
    if ((binding.number == number) != (binding.peer == peer)) return Verdict::taken;
    if (binding.number != number) ++others;
  }
  return others < limit_ ? Verdict::fits : Verdict::full;
}

void Channels::bind(TimePoint now, std::uint16_t number, const Endpoint& peer) {
  std::erase_if(bindings_, [&](const Binding& each) { return each.expires <= now || each.number == number; });
  PETREL_ASSERT(bindings_.size() < limit_);
  bindings_.push_back({number, peer, now + lifetime});
}

std::optional<Endpoint> Channels::peer_of(TimePoint now, std::uint16_t number) const {
  const auto found = std::ranges::find(bindings_, number, &Binding::number);
  if (found == bindings_.end() || found->expires <= now) return std::nullopt;
  return found->peer;
}

std::optional<std::uint16_t> Channels::number_of(TimePoint now, const Endpoint& peer) const {
  const auto found = std::ranges::find_if(
      bindings_, [&](const Binding& each) { return each.peer == peer && now < each.expires; });
  if (found == bindings_.end()) return std::nullopt;
  return found->number;
}

void Channels::forget(IpFamily family) {
  std::erase_if(bindings_, [&](const Binding& each) { return each.peer.address.family() == family; });
}

}  // namespace petrel::inline v0::turn_server
