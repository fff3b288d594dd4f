#include "tls/context.hpp"

#include <gtest/gtest.h>

#include "tls/authority.hpp"

namespace petrel::inline v0::tls {
namespace {

TEST(TlsContext, SpeaksNothingOlderThanTls12) {
  for (const Transport transport : {Transport::stream, Transport::datagram}) {
    ClientConfig config;
    config.transport = transport;
    const auto context = make_client_context(config);
    ASSERT_TRUE(context);
    const bool stream = transport == Transport::stream;
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context->get()), stream ? TLS1_2_VERSION : DTLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_max_proto_version(context->get()), stream ? TLS1_3_VERSION : DTLS1_2_VERSION);
    EXPECT_NE(SSL_CTX_get_options(context->get()) & SSL_OP_NO_RENEGOTIATION, 0u);
    EXPECT_NE(SSL_CTX_get_options(context->get()) & SSL_OP_NO_COMPRESSION, 0u);
  }
}

TEST(TlsContext, OffersOnlyCiphersWithForwardSecrecyAndAead) {
  const auto context = make_client_context({});
  const auto* ciphers = SSL_CTX_get_ciphers(context->get());
  ASSERT_GE(sk_SSL_CIPHER_num(ciphers), 6);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
    const int exchange = SSL_CIPHER_get_kx_nid(cipher);
    EXPECT_TRUE(exchange == NID_kx_ecdhe || exchange == NID_kx_any) << SSL_CIPHER_get_name(cipher);
  }
}

TEST(TlsContext, SharesTheRootsOfTheSystem) {
  const auto one = make_client_context({});
  const auto two = make_client_context({});
  EXPECT_EQ(SSL_CTX_get_cert_store(one->get()), SSL_CTX_get_cert_store(two->get()));
}

TEST(TlsContext, TrustsItsOwnRootsAloneIfToldTo) {
  ClientConfig config;
  config.ca_pem = testing::Authority("root").pem();
  config.use_system_roots = false;
  const auto context = make_client_context(config);
  ASSERT_TRUE(context);
  EXPECT_EQ(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context->get()))), 1);
}

TEST(TlsContext, RefusesToTrustNobody) {
  ClientConfig config;
  config.use_system_roots = false;
  EXPECT_EQ(make_client_context(config).error(), Errc::bad_roots);
  config.ca_pem = "no certificate";
  EXPECT_EQ(make_client_context(config).error(), Errc::bad_roots);
  config.use_system_roots = true;
  EXPECT_EQ(make_client_context(config).error(), Errc::bad_roots) << "a root that is not read is missed";
}

TEST(TlsContext, RefusesAKeyThatIsTooShort) {
  // 1024 bits are below security level 2.
  const KeyHandle key(EVP_RSA_gen(1024));
  std::vector<X509Handle> chain;
  chain.emplace_back(X509_new());
  X509_set_pubkey(chain.front().get(), key.get());
  ASN1_TIME_set(X509_getm_notBefore(chain.front().get()), 0);
  ASN1_TIME_set(X509_getm_notAfter(chain.front().get()), 0);
  X509_sign(chain.front().get(), key.get(), EVP_sha256());
  EXPECT_FALSE(make_server_context(Transport::stream, *key, chain));
  EXPECT_FALSE(make_server_context(Transport::stream, *key, {}));
}

}  // namespace
}  // namespace petrel::inline v0::tls
