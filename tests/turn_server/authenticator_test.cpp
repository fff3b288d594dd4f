#include "turn_server/authenticator.hpp"

#include <gtest/gtest.h>

#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;
using stun::PasswordAlgorithm;

void add_udp(stun::Builder& builder) { builder.requested_transport(17); }

struct AuthenticatorTest : ::testing::Test {
  ServerBench bench;
  ScriptedClient client{bench};

  int allocate() { return client.code_of(Method::allocate, add_udp); }
};

TEST_F(AuthenticatorTest, ChallengesWhoeverShowsNothing) {
  const Reply challenge = client.fetch_nonce();
  EXPECT_EQ(challenge.code(), 401);
  EXPECT_EQ(challenge->realm(), test_realm);
  const auto algorithms = challenge->password_algorithms().value();
  ASSERT_EQ(algorithms.size(), 2u);
  EXPECT_EQ(algorithms[0], PasswordAlgorithm::sha256);
  EXPECT_EQ(algorithms[1], PasswordAlgorithm::md5);
  const auto features = stun::security_features(client.nonce).value();
  EXPECT_TRUE(features.password_algorithms);
  EXPECT_TRUE(features.username_anonymity);
  EXPECT_FALSE(challenge->has_integrity());
}

TEST_F(AuthenticatorTest, ChallengesEveryTurnRequest) {
  for (const Method method :
       {Method::allocate, Method::refresh, Method::create_permission, Method::channel_bind}) {
    EXPECT_EQ(client.exchange(client.plain(method))->code(), 401);
  }
}

TEST_F(AuthenticatorTest, TakesAnMd5KeyFromClientsThatKnowOfNoOther) {
  const Reply answer = client.ask(Method::allocate, add_udp);
  EXPECT_EQ(answer.code(), 0);
  EXPECT_TRUE(answer->integrity_ok(client.key()));
}

TEST_F(AuthenticatorTest, TakesTheAlgorithmThatTheClientChose) {
  client.names_algorithm = true;
  for (const auto algorithm : {PasswordAlgorithm::sha256, PasswordAlgorithm::md5}) {
    client.algorithm = algorithm;
    const Reply answer = client.ask(Method::refresh);
    EXPECT_EQ(answer.code(), 437) << "authenticated, but without an allocation";
    EXPECT_TRUE(answer->integrity_ok(client.key()));
  }
}

TEST_F(AuthenticatorTest, AnswersSha256WithSha256) {
  client.names_algorithm = true;
  client.algorithm = PasswordAlgorithm::sha256;
  client.signs_with_sha256 = true;
  const Reply answer = client.ask(Method::allocate, add_udp);
  EXPECT_EQ(answer.code(), 0);
  EXPECT_TRUE(answer->integrity_sha256_ok(client.key()));
  EXPECT_FALSE(answer->has_integrity());
}

TEST_F(AuthenticatorTest, KnowsUsersByTheirHash) {
  client.hides_username = true;
  EXPECT_EQ(allocate(), 0);
  EXPECT_EQ(client.code_of(Method::refresh), 0);
  client.username = "mallory";
  EXPECT_EQ(client.code_of(Method::refresh), 401);
}

TEST_F(AuthenticatorTest, RefusesWrongPasswordsAndUnknownUsers) {
  client.fetch_nonce();
  client.password = "looking-glass";
  const Reply wrong = client.ask(Method::allocate, add_udp);
  EXPECT_EQ(wrong.code(), 401);
  EXPECT_TRUE(wrong->nonce());
  EXPECT_FALSE(wrong->has_integrity());
  client.username = "mallory";
  EXPECT_EQ(allocate(), 401);
  client.username = "alice";
  client.password = "wonderland";
  client.realm = "elsewhere.org";
  EXPECT_EQ(allocate(), 401) << "the realm is part of the key";
  EXPECT_EQ(bench.server.stats().wrong_passwords, 3u);
}

// RFC 8489 9.2.4: signed, but not by all that it takes.
TEST_F(AuthenticatorTest, RefusesHalfTheCredentials) {
  client.fetch_nonce();
  const auto ask = [&](auto fill) {
    stun::Builder builder(stun::Class::request, Method::allocate, client.next_id());
    fill(builder);
    crypto::HmacSha1Key key(client.key());
    return client.exchange(builder.finish({.integrity = &key, .fingerprint = false}).value())->code();
  };
  EXPECT_EQ(ask([&](auto& b) { b.realm(test_realm).nonce(client.nonce); }), 400);
  EXPECT_EQ(ask([&](auto& b) { b.username("alice").nonce(client.nonce); }), 400);
  EXPECT_EQ(ask([&](auto& b) { b.username("alice").realm(test_realm); }), 400);
}

TEST_F(AuthenticatorTest, RefusesAListOfAlgorithmsThatIsNotItsOwn) {
  client.fetch_nonce();
  const auto ask = [&](auto fill) {
    return client.exchange(client.signed_request(Method::refresh, fill))->code();
  };
  const std::array md5_only = {PasswordAlgorithm::md5};
  const std::array ours = {PasswordAlgorithm::sha256, PasswordAlgorithm::md5};
  // Somebody on the way has taken SHA-256 out of the list.
  EXPECT_EQ(ask([&](auto& b) { b.password_algorithms(md5_only).password_algorithm(PasswordAlgorithm::md5); }),
            400);
  EXPECT_EQ(ask([&](auto& b) { b.password_algorithms(ours); }), 400);
  EXPECT_EQ(ask([&](auto& b) { b.password_algorithm(PasswordAlgorithm::md5); }), 400);
  EXPECT_EQ(ask([&](auto& b) { b.password_algorithms(ours).password_algorithm(PasswordAlgorithm{7}); }), 400);
  EXPECT_EQ(ask([&](auto& b) { b.password_algorithms(ours).password_algorithm(PasswordAlgorithm::md5); }),
            437);
}

TEST_F(AuthenticatorTest, TellsAnOldNonceFromAWrongPassword) {
  client.fetch_nonce();
  bench.advance(1h - 1ns);
  EXPECT_EQ(client.code_of(Method::refresh), 437);
  bench.advance(1ns);
  const Reply stale = client.ask(Method::refresh);
  EXPECT_EQ(stale.code(), 438);
  EXPECT_EQ(stale->realm(), test_realm);
  client.password = "looking-glass";
  EXPECT_EQ(client.code_of(Method::refresh), 401) << "who does not know the password does not learn it";
  client.password = "wonderland";
  client.nonce = stale->nonce().value();
  EXPECT_EQ(client.code_of(Method::refresh), 437);
}

TEST_F(AuthenticatorTest, TakesNoNonceOfAnotherClient) {
  client.fetch_nonce();
  ScriptedClient other(bench, Endpoint::v4(198, 51, 100, 7, 40001));
  other.nonce = client.nonce;
  EXPECT_EQ(other.code_of(Method::refresh), 438);
}

TEST_F(AuthenticatorTest, KeepsTheChallengeShort) {
  ServerConfig config = test_config();
  config.realm.assign(max_realm_bytes, 'r');
  ServerBench other(config);
  ScriptedClient asker(other);
  asker.fingerprint = true;
  const Reply challenge = asker.fetch_nonce();
  EXPECT_LE(challenge.size(), Server::max_challenge_bytes);
  EXPECT_TRUE(challenge->fingerprint_ok());
}

// ---- Time-limited credentials ------------------------------------------------------------

struct TimeLimitedTest : ::testing::Test {
  static constexpr std::int64_t issued = 1'700'000'000;
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.users.clear();
    config.auth_secret = "north of everything";
    config.unix_time = issued;
    config.limits.allocations_per_user = 1;
    return config;
  }
  static void use(ScriptedClient& by, std::int64_t expires, std::string_view name) {
    const User user = time_limited_user("north of everything", expires, name);
    by.username = user.name;
    by.password = user.password;
  }
  ServerBench bench{config()};
  ScriptedClient client{bench};
};

TEST_F(TimeLimitedTest, AllocatesUntilItExpires) {
  use(client, issued + 60, "alice");
  bench.advance(60s - 1ns);
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 0);

  ScriptedClient late(bench, Endpoint::v4(198, 51, 100, 8, 1));
  use(late, issued + 60, "bob");
  bench.advance(1ns);
  EXPECT_EQ(late.code_of(Method::allocate, add_udp), 401);
}

TEST_F(TimeLimitedTest, KeepsWhatItAllocatedAfterItHasExpired) {
  use(client, issued + 60, "alice");
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 0);
  bench.advance(61s);
  EXPECT_EQ(client.code_of(Method::refresh), 0);
  EXPECT_EQ(client.permit(peer_address), 0);
}

TEST_F(TimeLimitedTest, NeedsNoName) {
  use(client, issued + 60, "");
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 0);
}

TEST_F(TimeLimitedTest, CountsTheNameAndNotTheTime) {
  use(client, issued + 60, "alice");
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 0);
  ScriptedClient other(bench, Endpoint::v4(198, 51, 100, 8, 1));
  use(other, issued + 61, "alice");
  EXPECT_EQ(other.code_of(Method::allocate, add_udp), 486);
  use(other, issued + 60, "bob");
  EXPECT_EQ(other.code_of(Method::allocate, add_udp), 0);
}

TEST_F(TimeLimitedTest, RefusesWhatIsNoTime) {
  for (const char* name : {"", "alice", ":alice", "17000x:alice", "-5:alice", "99999999999999999999:alice"}) {
    client.username = name;
    client.password = time_limited_password("north of everything", name);
    client.nonce.clear();
    if (*name == 0) continue;  // Cannot be written.
    EXPECT_EQ(client.code_of(Method::allocate, add_udp), 401) << name;
  }
}

TEST_F(TimeLimitedTest, FollowsAClockThatIsSetLater) {
  use(client, issued + 60, "alice");
  bench.server.set_unix_time(bench.now, issued + 60);
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 401);
  bench.server.set_unix_time(bench.now, issued + 59);
  EXPECT_EQ(client.code_of(Method::allocate, add_udp), 0);
}

TEST_F(TimeLimitedTest, OffersNoHiddenUsernames) {
  client.fetch_nonce();
  EXPECT_FALSE(stun::security_features(client.nonce)->username_anonymity);
}

// ---- Directories -------------------------------------------------------------------------

class OneUser final : public UserDirectory {
 public:
  std::optional<std::string> password_of(std::string_view username) const override {
    if (username != "carol") return std::nullopt;
    return "christmas";
  }
};

TEST(UserDirectory, IsAskedForUsersThatAreNotListed) {
  const OneUser directory;
  ServerConfig config = test_config();
  config.directory = &directory;
  ServerBench bench(config);
  ScriptedClient carol(bench);
  carol.username = "carol";
  carol.password = "christmas";
  EXPECT_EQ(carol.code_of(Method::allocate, add_udp), 0);
  ScriptedClient dave(bench, Endpoint::v4(198, 51, 100, 8, 1));
  dave.username = "dave";
  EXPECT_EQ(dave.code_of(Method::allocate, add_udp), 401);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
