#include "turn_server/nonces.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
const ClientId client{FlowId{1}, Endpoint::v4(198, 51, 100, 7, 40000)};
constexpr stun::SecurityFeatures features{.password_algorithms = true, .username_anonymity = false};

struct NoncesTest : ::testing::Test {
  testing::SeededRandom random{1};
  Nonces nonces{start, 60s, features, random};
};

TEST_F(NoncesTest, KnowsItsOwnUntilItIsOld) {
  const std::string nonce = nonces.make(start + 10s, client);
  EXPECT_TRUE(nonces.valid(start + 10s, client, nonce));
  EXPECT_TRUE(nonces.valid(start + 70s - 1ns, client, nonce));
  EXPECT_FALSE(nonces.valid(start + 70s, client, nonce));
}

TEST_F(NoncesTest, RefusesANonceFromTheFuture) {
  const std::string nonce = nonces.make(start + 10s, client);
  EXPECT_FALSE(nonces.valid(start + 10s - 1ns, client, nonce));
}

TEST_F(NoncesTest, BelongsToOneClient) {
  const std::string nonce = nonces.make(start, client);
  EXPECT_FALSE(nonces.valid(start, {FlowId{2}, client.remote}, nonce));
  EXPECT_FALSE(nonces.valid(start, {client.flow, Endpoint::v4(198, 51, 100, 7, 40001)}, nonce));
  EXPECT_FALSE(nonces.valid(start, {client.flow, Endpoint::v4(198, 51, 100, 8, 40000)}, nonce));
}

TEST_F(NoncesTest, NoticesEveryChange) {
  const std::string nonce = nonces.make(start, client);
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    std::string changed = nonce;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(nonces.valid(start, client, changed)) << i;
    EXPECT_FALSE(nonces.valid(start, client, nonce.substr(0, i))) << i;
  }
  EXPECT_FALSE(nonces.valid(start, client, nonce + "A"));
}

TEST_F(NoncesTest, OfAnotherServerMeansNothing) {
  testing::SeededRandom other_random(2);
  Nonces other(start, 60s, features, other_random);
  EXPECT_FALSE(nonces.valid(start, client, other.make(start, client)));
}

TEST_F(NoncesTest, AnnouncesTheFeaturesAndHasOneSize) {
  const std::string nonce = nonces.make(start, client);
  EXPECT_EQ(stun::security_features(nonce), features);
  EXPECT_EQ(nonce.size(), 13u + 8 + 20);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
