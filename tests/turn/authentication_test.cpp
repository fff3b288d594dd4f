#include "turn/authentication.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn {
namespace {

class AuthenticationTest : public ::testing::Test {
 protected:
  Result<void> challenge(int code, std::string_view nonce, std::optional<unsigned> signed_by) {
    stun::Builder out(stun::Class::error_response, stun::Method::allocate, {});
    const auto packet = out.error_code(code, "").realm("r").nonce(nonce).finish();
    return authentication.handle_challenge(stun::MessageView::parse(packet->bytes()).value(), code,
                                           signed_by);
  }
  // What a request of ours says now.
  std::string username() {
    stun::Builder out(stun::Class::request, stun::Method::refresh, {});
    authentication.add_to(out);
    const auto packet = out.finish(authentication.seal());
    return std::string(stun::MessageView::parse(packet->bytes())->username().value_or(""));
  }
  bool believes(std::string_view user, std::string_view password) {
    crypto::HmacSha1Key key(stun::long_term_key_md5({user, "r", password}));
    stun::Builder out(stun::Class::success_response, stun::Method::refresh, {});
    const auto packet = out.finish({.integrity = &key});
    return authentication.verify(stun::MessageView::parse(packet->bytes()).value());
  }

  Authentication authentication{{"alice", "secret"}};
};

TEST_F(AuthenticationTest, SaysNothingUnasked) {
  EXPECT_FALSE(authentication.challenged());
  EXPECT_EQ(username(), "");
  EXPECT_FALSE(believes("alice", "secret"));
}

TEST_F(AuthenticationTest, SignsWhenAsked) {
  ASSERT_TRUE(challenge(401, "n", std::nullopt));
  EXPECT_TRUE(authentication.challenged());
  EXPECT_EQ(username(), "alice");
  EXPECT_TRUE(believes("alice", "secret"));
  EXPECT_FALSE(believes("alice", "other"));
}

TEST_F(AuthenticationTest, DoesNotRepeatWhatWasRefused) {
  ASSERT_TRUE(challenge(401, "n", std::nullopt));
  EXPECT_EQ(challenge(401, "m", authentication.generation()).error(), Errc::wrong_credentials);
}

TEST_F(AuthenticationTest, RepeatsARequestOfOlderCredentials) {
  ASSERT_TRUE(challenge(401, "n", std::nullopt));
  const unsigned before = authentication.generation();
  authentication.set_credentials({"alice", "new"}, true);
  EXPECT_TRUE(challenge(401, "m", before));
  EXPECT_TRUE(believes("alice", "new"));
}

TEST_F(AuthenticationTest, RemembersOnePasswordBack) {
  ASSERT_TRUE(challenge(401, "n", std::nullopt));
  authentication.set_credentials({"alice", "second"}, true);
  EXPECT_TRUE(believes("alice", "secret"));
  EXPECT_TRUE(challenge(438, "m", std::nullopt));
  EXPECT_TRUE(believes("alice", "secret"));  // A nonce changes no key.
  authentication.set_credentials({"alice", "third"}, true);
  EXPECT_FALSE(believes("alice", "secret"));
}

TEST_F(AuthenticationTest, KeepsAnotherUsersCredentialsForLater) {
  ASSERT_TRUE(challenge(401, "n", std::nullopt));
  authentication.set_credentials({"bob", "hush"}, true);
  EXPECT_EQ(username(), "alice");
  ASSERT_TRUE(challenge(401, "m", authentication.generation()));
  EXPECT_EQ(username(), "bob");
  EXPECT_TRUE(believes("bob", "hush"));
}

}  // namespace
}  // namespace petrel::inline v0::turn
