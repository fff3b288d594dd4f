#include "turn/standing_permissions.hpp"

#include <algorithm>

namespace petrel::inline v0::turn {

const StandingPermissions::Entry* StandingPermissions::find(const IpAddress& peer) const {
  const auto found = std::ranges::find(entries_, peer, &Entry::peer);
  return found == entries_.end() ? nullptr : &*found;
}

bool StandingPermissions::add(TimePoint now, const IpAddress& peer, std::size_t limit) {
  if (has(peer)) return true;
  if (entries_.size() >= limit) return false;
  entries_.push_back({peer, now});
  return true;
}

void StandingPermissions::remove(const IpAddress& peer) {
  std::erase_if(entries_, [&](const Entry& each) { return each.peer == peer; });
}

std::optional<IpAddress> StandingPermissions::poll_due(TimePoint now) {
  for (Entry& entry : entries_) {
    if (!entry.due || now < *entry.due) continue;
    entry.due.reset();
    return entry.peer;
  }
  return std::nullopt;
}

void StandingPermissions::handle_granted(TimePoint now, const IpAddress& peer) {
  const auto found = std::ranges::find(entries_, peer, &Entry::peer);
  if (found != entries_.end()) found->due = now + renewal;
}

std::optional<TimePoint> StandingPermissions::next_timeout() const {
  std::optional<TimePoint> earliest;
  for (const Entry& entry : entries_) {
    if (entry.due && (!earliest || *entry.due < *earliest)) earliest = entry.due;
  }
  return earliest;
}

}  // namespace petrel::inline v0::turn
