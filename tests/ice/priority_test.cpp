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

}  // namespace
}  // namespace petrel::inline v0::ice
