#include "petrel/rtp/stream/ssrc_table.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::rtp {

SsrcTable::Entry* SsrcTable::find(Ssrc ssrc) {
  const auto it = std::ranges::lower_bound(entries_, ssrc, {}, &Entry::ssrc);
  return it != entries_.end() && it->ssrc == ssrc ? &*it : nullptr;
}

SsrcTable::Added SsrcTable::add(TimePoint now, Entry entry) {
  Added added;
  std::size_t of_media = 0;
  const Entry* most_idle = nullptr;
  for (const Entry& other : entries_) {
    if (other.media != entry.media) continue;
    ++of_media;
    if (!other.signalled && (most_idle == nullptr || other.last_heard < most_idle->last_heard))
      most_idle = &other;
  }
  if (of_media >= max_per_media) {
    const bool may_replace =
        most_idle != nullptr && (entry.signalled || now - most_idle->last_heard >= idle_before_replaced);
    if (!may_replace) return added;
    added.replaced = most_idle->ssrc;
    remove(most_idle->ssrc);
  }
  entry.last_heard = now;
  const auto place = std::ranges::lower_bound(entries_, entry.ssrc, {}, &Entry::ssrc);
  added.entry = &*entries_.insert(place, std::move(entry));
  return added;
}

void SsrcTable::remove(Ssrc ssrc) {
  std::erase_if(entries_, [ssrc](const Entry& entry) { return entry.ssrc == ssrc; });
}

void SsrcTable::remove_media(MediaId media) {
  std::erase_if(entries_, [media](const Entry& entry) { return entry.media == media; });
}

}  // namespace petrel::inline v0::rtp
