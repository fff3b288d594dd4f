#include "ice/foundation.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {

std::string Foundations::of(CandidateType type, const IpAddress& base, const std::optional<IpAddress>& server,
                            TransportProtocol protocol) {
  const Entry entry{type, base, server, protocol};
  auto it = std::ranges::find(entries_, entry);
  if (it == entries_.end()) it = entries_.insert(it, entry);
  return std::to_string(it - entries_.begin() + 1);
}

}  // namespace petrel::inline v0::ice
