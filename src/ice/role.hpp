#pragma once

#include <cstdint>

#include "petrel/ice/agent.hpp"
#include "petrel/stun/message.hpp"

namespace petrel::inline v0::ice {

constexpr Role opposite(Role role) {
  return role == Role::controlling ? Role::controlled : Role::controlling;
}

/// What a request's role attribute asks of us.
enum class Conflict : std::uint8_t {
  none,
  we_switch,    ///< The peer's tie-breaker wins.
  they_switch,  ///< Ours does: answer 487.
};

/// RFC 8445 7.3.1.1: both sides believe to have the same role.
Conflict role_conflict(Role ours, std::uint64_t tie_breaker, const stun::MessageView& request);

}  // namespace petrel::inline v0::ice
