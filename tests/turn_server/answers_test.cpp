#include "turn_server/answers.hpp"

#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

struct AnswersTest : ::testing::Test {
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.software = "petrel";
    return config;
  }
  Asked asked(bool with_sha256) const {
    return {{first_listener, client_address},
            stun::Method::refresh,
            {},
            true,
            {crypto::Secret(as_bytes("the key of alice")), with_sha256}};
  }
  Reply sent() {
    const auto transmit = shared.poll_transmit();
    return Reply(testing::to_vector(transmit.value().payload.bytes()));
  }
  testing::SeededRandom random{1};
  Shared shared{TimePoint{}, config(), random};
  Clients clients{shared};
  Answers answers{shared, clients};
};

TEST_F(AnswersTest, SignWithTheKeyOfTheRequest) {
  for (const bool with_sha256 : {false, true}) {
    const Asked request = asked(with_sha256);
    stun::Builder builder = Answers::success(request);
    std::vector<std::byte> copy;
    answers.send(request, builder, &copy);
    const Reply answer = sent();
    EXPECT_EQ(answer->software(), "petrel");
    EXPECT_TRUE(answer->fingerprint_ok());
    EXPECT_EQ(answer->integrity_ok(as_bytes("the key of alice")), !with_sha256);
    EXPECT_EQ(answer->integrity_sha256_ok(as_bytes("the key of alice")), with_sha256);
    EXPECT_TRUE(equal(copy, answer->bytes()));
  }
}

TEST_F(AnswersTest, GiveReasonsAndCount) {
  answers.refuse(asked(false), 447);
  EXPECT_EQ(sent()->error_code()->reason, "Connection Timeout or Failure");
  answers.refuse(asked(false), 403);
  EXPECT_EQ(sent().code(), 403);
  EXPECT_EQ(shared.stats().refused, 2u);
  EXPECT_EQ(shared.stats().forbidden_peers, 1u);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
