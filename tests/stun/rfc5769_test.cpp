// The test vectors of RFC 5769 2 and RFC 8489 B.1, read and, where our padding is the
// same, written again.

#include <gtest/gtest.h>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "stun/vectors.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace petrel::testing;

const Bytes key = as_bytes(short_term_password);

TEST(Rfc5769, SampleRequestIsReadAndVerified) {
  const auto bytes = sample_request();
  const MessageView message = MessageView::parse(bytes).value();

  EXPECT_EQ(message.message_class(), Class::request);
  EXPECT_EQ(message.method(), Method::binding);
  EXPECT_EQ(to_vector(message.id()), hex("b7e7a701bc34d686fa87dfae"));
  EXPECT_EQ(message.software(), "STUN test client");
  EXPECT_EQ(message.priority(), 0x6e0001ffU);
  EXPECT_EQ(message.ice_controlled(), 0x932ff9b151263b36U);
  EXPECT_EQ(message.username(), "evtj:h6vY");
  EXPECT_TRUE(message.integrity_ok(key));
  EXPECT_TRUE(message.fingerprint_ok());
  EXPECT_TRUE(message.unknown_required().empty());
}

TEST(Rfc5769, SampleIpv4ResponseIsReadAndVerified) {
  const auto bytes = sample_ipv4_response();
  const MessageView message = MessageView::parse(bytes).value();

  EXPECT_EQ(message.message_class(), Class::success_response);
  EXPECT_EQ(message.software(), "test vector");
  EXPECT_EQ(message.xor_mapped_address(), Endpoint::parse("192.0.2.1:32853"));
  EXPECT_TRUE(message.integrity_ok(key));
  EXPECT_TRUE(message.fingerprint_ok());
}

TEST(Rfc5769, SampleIpv6ResponseIsReadAndVerified) {
  const auto bytes = sample_ipv6_response();
  const MessageView message = MessageView::parse(bytes).value();

  EXPECT_EQ(message.xor_mapped_address(), Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(message.integrity_ok(key));
  EXPECT_TRUE(message.fingerprint_ok());
}

TEST(Rfc5769, SampleLongTermRequestIsReadVerifiedAndWrittenAgain) {
  const auto bytes = sample_long_term_request();
  const MessageView message = MessageView::parse(bytes).value();
  const auto long_term_key = long_term_key_md5({long_term_username, long_term_realm, long_term_password});

  EXPECT_EQ(message.username(), long_term_username);
  EXPECT_EQ(message.nonce(), "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_EQ(message.realm(), long_term_realm);
  EXPECT_TRUE(message.integrity_ok(long_term_key));
  EXPECT_FALSE(message.has_fingerprint());

  crypto::HmacSha1Key prepared(long_term_key);
  Builder again(Class::request, Method::binding, message.id());
  again.username(*message.username()).nonce(*message.nonce()).realm(*message.realm());
  const auto packet = again.finish({.integrity = &prepared, .fingerprint = false});
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->bytes()), bytes);
}

TEST(Rfc8489, SampleSha256RequestIsReadVerifiedAndWrittenAgain) {
  const auto bytes = sample_sha256_request();
  const MessageView message = MessageView::parse(bytes).value();
  const auto long_term_key = long_term_key_sha256({long_term_username, long_term_realm, long_term_password});

  EXPECT_EQ(message.userhash(), userhash(long_term_username, long_term_realm));
  EXPECT_EQ(message.password_algorithm(), PasswordAlgorithm::sha256);
  EXPECT_TRUE(message.integrity_sha256_ok(long_term_key));
  EXPECT_FALSE(message.has_integrity());

  crypto::HmacSha256Key prepared(long_term_key);
  Builder again(Class::request, Method::binding, message.id());
  again.userhash(*message.userhash()).nonce(*message.nonce()).realm(*message.realm());
  again.password_algorithm(PasswordAlgorithm::sha256);
  const auto packet = again.finish({.integrity_sha256 = &prepared, .fingerprint = false});
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->bytes()), bytes);
}

}  // namespace
}  // namespace petrel::inline v0::stun
