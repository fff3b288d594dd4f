#include "ice/role.hpp"

namespace petrel::inline v0::ice {

// The larger tie-breaker becomes controlling; a draw is decided for the receiver.
Conflict role_conflict(Role ours, std::uint64_t tie_breaker, const stun::MessageView& request) {
  if (ours == Role::controlling) {
    const auto theirs = request.ice_controlling();
    if (!theirs) return Conflict::none;
    return tie_breaker >= *theirs ? Conflict::they_switch : Conflict::we_switch;
  }
  const auto theirs = request.ice_controlled();
  if (!theirs) return Conflict::none;
  return tie_breaker >= *theirs ? Conflict::we_switch : Conflict::they_switch;
}

}  // namespace petrel::inline v0::ice
