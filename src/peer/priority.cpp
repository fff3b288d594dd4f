#include "petrel/peer/priority.hpp"

namespace petrel::inline v0 {

std::uint8_t dscp_of(Kind kind, NetworkPriority priority) {
  constexpr std::uint8_t lower_effort = 1;           // RFC 8622
  constexpr std::uint8_t expedited_forwarding = 46;  // RFC 3246
  constexpr std::uint8_t af41 = 34;                  // RFC 2597
  constexpr std::uint8_t af42 = 36;
  switch (priority) {
    case NetworkPriority::very_low:
      return lower_effort;
    case NetworkPriority::low:
      return 0;
    case NetworkPriority::medium:
      return kind == Kind::audio ? expedited_forwarding : af42;
    case NetworkPriority::high:
      return kind == Kind::audio ? expedited_forwarding : af41;
  }
  return 0;
}

}  // namespace petrel::inline v0
