#include "ice/priority.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {
namespace {

// RFC 8445 5.1.2.2.
std::uint32_t type_preference(CandidateType type) {
  switch (type) {
    case CandidateType::host:
      return 126;
    case CandidateType::peer_reflexive:
      return 110;
    case CandidateType::server_reflexive:
      return 100;
    case CandidateType::relay:
      return 0;
  }
  return 0;
}

constexpr std::uint32_t component = 1;

}  // namespace

std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference) {
  return (type_preference(type) << 24) + (std::uint32_t{local_preference} << 8) + (256 - component);
}

std::uint32_t peer_reflexive_priority(std::uint32_t priority) {
  return (type_preference(CandidateType::peer_reflexive) << 24) | (priority & 0x00ff'ffff);
}

std::uint64_t pair_priority(Role role, PairSides sides) {
  const std::uint64_t g = role == Role::controlling ? sides.local : sides.remote;
  const std::uint64_t d = role == Role::controlling ? sides.remote : sides.local;
  return (std::min(g, d) << 32) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

}  // namespace petrel::inline v0::ice
