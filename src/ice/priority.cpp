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

// Below all types of UDP, in the same order. RFC 6544 4.2 has no values for a transport that is
// preferred whatever the type; those of libwebrtc begin at 90 as well.
std::uint32_t tcp_type_preference(CandidateType type) {
  switch (type) {
    case CandidateType::host:
      return 90;
    case CandidateType::peer_reflexive:
      return 80;
    case CandidateType::server_reflexive:
      return 70;
    case CandidateType::relay:
      return 0;
  }
  return 0;
}

// RFC 6544 4.2: who is reflexive has a NAT in front, which lets in nobody but whom it knows.
std::uint32_t direction_preference(CandidateType type, std::string_view tcp_type) {
  const bool reflexive = type == CandidateType::server_reflexive || type == CandidateType::peer_reflexive;
  if (tcp_type == "active") return reflexive ? 4 : 6;
  if (tcp_type == "passive") return reflexive ? 2 : 4;
  return reflexive ? 6 : 2;
}

constexpr std::uint32_t component = 1;

}  // namespace

std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference) {
  return (type_preference(type) << 24) + (std::uint32_t{local_preference} << 8) + (256 - component);
}

std::uint32_t tcp_candidate_priority(CandidateType type, std::string_view tcp_type,
                                     std::uint16_t other_preference) {
  const std::uint32_t local = (direction_preference(type, tcp_type) << 13) | (other_preference & 0x1fffu);
  return (tcp_type_preference(type) << 24) + (local << 8) + (256 - component);
}

std::uint32_t peer_reflexive_priority(std::uint32_t priority, TransportProtocol protocol) {
  constexpr auto type = CandidateType::peer_reflexive;
  const std::uint32_t preference =
      protocol == TransportProtocol::tcp ? tcp_type_preference(type) : type_preference(type);
  return (preference << 24) | (priority & 0x00ff'ffff);
}

std::uint32_t check_priority(const Candidate& local) {
  if (local.type == CandidateType::relay) return local.priority;
  return peer_reflexive_priority(local.priority, local.protocol);
}

std::uint64_t pair_priority(Role role, PairSides sides) {
  const std::uint64_t g = role == Role::controlling ? sides.local : sides.remote;
  const std::uint64_t d = role == Role::controlling ? sides.remote : sides.local;
  return (std::min(g, d) << 32) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

}  // namespace petrel::inline v0::ice
