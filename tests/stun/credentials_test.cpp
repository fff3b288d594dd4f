#include "petrel/stun/credentials.hpp"

#include <gtest/gtest.h>

#include "stun/vectors.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace petrel::testing;

constexpr LongTermCredentials matrix{long_term_username, long_term_realm, long_term_password};

TEST(Credentials, ShortTermKeyIsThePassword) {
  EXPECT_EQ(as_text(short_term_key(short_term_password)), short_term_password);
}

// RFC 8489 9.2.2 gives this example.
TEST(Credentials, LongTermKeysAreDigestsOfTheThreeParts) {
  const LongTermCredentials example{"user", "realm", "pass"};
  EXPECT_EQ(to_vector(long_term_key_md5(example)), hex("8493fbc53ba582fb4c044c456bdc40eb"));
  EXPECT_EQ(to_vector(long_term_key_md5(matrix)), hex("e8ca7ad59d5eb0518e312911d2dab2a9"));
  EXPECT_EQ(long_term_key_sha256(matrix),
            crypto::sha256(as_bytes("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9:example.org:TheMatrIX")));
}

TEST(Credentials, UserhashIsTheOneOfTheTestVector) {
  EXPECT_EQ(to_vector(userhash(long_term_username, long_term_realm)),
            hex("4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"));
}

TEST(Credentials, TheNonceOfTheTestVectorAnnouncesAnonymity) {
  EXPECT_EQ(security_features("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"),
            (SecurityFeatures{.password_algorithms = false, .username_anonymity = true}));
}

TEST(Credentials, ANonceCarriesItsFeatures) {
  for (const bool algorithms : {false, true}) {
    for (const bool anonymity : {false, true}) {
      const SecurityFeatures features{algorithms, anonymity};
      const std::string nonce = make_nonce(features, "tail");
      EXPECT_EQ(security_features(nonce), features) << nonce;
      EXPECT_TRUE(nonce.ends_with("tail"));
    }
  }
}

TEST(Credentials, FutureFeatureBitsAreIgnored) {
  EXPECT_EQ(security_features("obMatJos2////"), (SecurityFeatures{true, true}));
  EXPECT_EQ(security_features("obMatJos2///8"), (SecurityFeatures{false, false}));
}

TEST(Credentials, EveryTruncationOfTheCookieIsAnOrdinaryNonce) {
  const std::string nonce = "obMatJos2AAAC";
  for (std::size_t size = 0; size < nonce.size(); ++size) {
    EXPECT_FALSE(security_features(nonce.substr(0, size))) << size;
  }
  EXPECT_TRUE(security_features(nonce));
  EXPECT_FALSE(security_features("obMatJos2AA?C"));
  EXPECT_FALSE(security_features("obmatJos2AAAC"));
}

}  // namespace
}  // namespace petrel::inline v0::stun
