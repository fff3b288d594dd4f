#include "ice/priority.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::ice {
namespace {

TEST(Priority, FollowsTheFormulaOfRfc8445) {
  // RFC 8445 5.1.2.1: 2^24 * type preference + 2^8 * local preference + 256 - component.
  EXPECT_EQ(candidate_priority(CandidateType::host, 65535), 2130706431u);
  EXPECT_EQ(candidate_priority(CandidateType::server_reflexive, 65535), 1694498815u);
  EXPECT_EQ(candidate_priority(CandidateType::peer_reflexive, 65535), 1862270975u);
  EXPECT_EQ(candidate_priority(CandidateType::relay, 0), 255u);
  EXPECT_LT(candidate_priority(CandidateType::host, 65534), candidate_priority(CandidateType::host, 65535));
}

TEST(Priority, OfACheckByARelayIsThatOfTheRelay) {
  Candidate candidate;
  candidate.priority = candidate_priority(CandidateType::host, 12345);
  EXPECT_EQ(check_priority(candidate), candidate_priority(CandidateType::peer_reflexive, 12345));
  candidate.type = CandidateType::relay;
  candidate.priority = candidate_priority(CandidateType::relay, 12345);
  EXPECT_EQ(check_priority(candidate), candidate.priority);
}

TEST(Priority, OfACheckIsThatOfAPeerReflexiveCandidate) {
  EXPECT_EQ(peer_reflexive_priority(candidate_priority(CandidateType::host, 12345)),
            candidate_priority(CandidateType::peer_reflexive, 12345));
}

TEST(Priority, OfAPairIsTheSameForBothSides) {
  const std::uint32_t host = 2130706431;
  const std::uint32_t srflx = 1694498815;
  const std::uint64_t ours = pair_priority(Role::controlling, {.local = host, .remote = srflx});
  EXPECT_EQ(ours, pair_priority(Role::controlled, {.local = srflx, .remote = host}));
  // RFC 8445 6.1.2.3: 2^32 * min + 2 * max + (g > d).
  EXPECT_EQ(ours, (std::uint64_t{srflx} << 32) + 2 * std::uint64_t{host} + 1);
  EXPECT_EQ(pair_priority(Role::controlled, {.local = host, .remote = srflx}), ours - 1);
  EXPECT_EQ(pair_priority(Role::controlling, {.local = host, .remote = host}),
            (std::uint64_t{host} << 32) + 2 * std::uint64_t{host});
}

TEST(Priority, OfTcpFollowsRfc6544AndStaysBelowUdp) {
  // RFC 6544 4.2: local preference = 2^13 * direction preference + other preference.
  EXPECT_EQ(tcp_candidate_priority(CandidateType::host, "active", 0xffff),
            (90u << 24) + (((6u << 13) + 8191) << 8) + 255);
  EXPECT_EQ(tcp_candidate_priority(CandidateType::host, "passive", 0), (90u << 24) + (4u << 21) + 255);
  EXPECT_EQ(tcp_candidate_priority(CandidateType::host, "so", 0), (90u << 24) + (2u << 21) + 255);
  EXPECT_EQ(tcp_candidate_priority(CandidateType::server_reflexive, "passive", 0),
            (70u << 24) + (2u << 21) + 255);
  EXPECT_EQ(tcp_candidate_priority(CandidateType::server_reflexive, "active", 0),
            (70u << 24) + (4u << 21) + 255);
  EXPECT_EQ(tcp_candidate_priority(CandidateType::server_reflexive, "so", 0), (70u << 24) + (6u << 21) + 255);
  EXPECT_LT(tcp_candidate_priority(CandidateType::host, "active", 0xffff),
            candidate_priority(CandidateType::server_reflexive, 0));
  EXPECT_LT(candidate_priority(CandidateType::relay, 0xffff),
            tcp_candidate_priority(CandidateType::server_reflexive, "passive", 0));
  const std::uint32_t host = tcp_candidate_priority(CandidateType::host, "active", 77);
  EXPECT_EQ(peer_reflexive_priority(host, TransportProtocol::tcp), (80u << 24) | (host & 0xffffff));
}

}  // namespace
}  // namespace petrel::inline v0::ice
