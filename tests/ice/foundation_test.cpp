#include "ice/foundation.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::ice {
namespace {

TEST(Foundation, IsSharedByTypeBaseAndServer) {
  const IpAddress base = IpAddress::v4(192, 0, 2, 1);
  const IpAddress other = IpAddress::v4(192, 0, 2, 2);
  const IpAddress server = IpAddress::v4(198, 51, 100, 1);
  Foundations foundations;

  const std::string host = foundations.of(CandidateType::host, base);
  EXPECT_EQ(foundations.of(CandidateType::host, base), host);
  EXPECT_NE(foundations.of(CandidateType::host, other), host);
  const std::string reflexive = foundations.of(CandidateType::server_reflexive, base, server);
  EXPECT_NE(reflexive, host);
  EXPECT_EQ(foundations.of(CandidateType::server_reflexive, base, server), reflexive);
  EXPECT_NE(foundations.of(CandidateType::server_reflexive, base, other), reflexive);
}

}  // namespace
}  // namespace petrel::inline v0::ice
