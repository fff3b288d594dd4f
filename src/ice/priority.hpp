#pragma once

#include <cstdint>
#include <string_view>

#include "petrel/ice/agent.hpp"
#include "petrel/ice/candidate.hpp"

namespace petrel::inline v0::ice {

/// RFC 8445 5.1.2.1 for component 1.
/// `local_preference` orders the addresses of one host, the higher the better.
std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference);

/// RFC 6544 4.2, so that any UDP candidate but a relayed one comes before any TCP candidate.
/// `tcp_type` is active, passive or so; of `other_preference` the lowest 13 bits count.
std::uint32_t tcp_candidate_priority(CandidateType type, std::string_view tcp_type,
                                     std::uint16_t other_preference);

/// The same address, had the peer seen it first: what a check's PRIORITY attribute
/// says (RFC 8445 7.1.1), made from the priority of the candidate it is sent from.
std::uint32_t peer_reflexive_priority(std::uint32_t priority,
                                      TransportProtocol protocol = TransportProtocol::udp);

/// The PRIORITY of a check that leaves from this base. Deviates from RFC 8445 7.1.1 for relayed ones: nothing
/// translates a relay's address, so that what the peer learns by the check is the relayed candidate itself.
/// As a peer-reflexive one it would rank above the direct ways until its candidate is signalled.
std::uint32_t check_priority(const Candidate& local);

/// The candidates' priorities of one pair.
struct PairSides {
  std::uint32_t local = 0;
  std::uint32_t remote = 0;
};

/// RFC 8445 6.1.2.3; both agents come to the same number.
std::uint64_t pair_priority(Role role, PairSides sides);

}  // namespace petrel::inline v0::ice
