#include "tls/failure.hpp"

#include <gtest/gtest.h>
#include <openssl/sslerr.h>

#include "tls/authority.hpp"

namespace petrel::inline v0::tls {
namespace {

using testing::Authority;
using testing::CertificateOrder;
using testing::wall_clock_epoch;

X509Handle certificate_for(const CertificateOrder& order) {
  Authority authority("Example CA");
  auto chain = read_certificates(authority.issue(order).pem, 1);
  return std::move(chain->front());
}

std::string detail(int code, const CertificateOrder& order) {
  return certificate_failure(code, *certificate_for(order), "turn.example.com", wall_clock_epoch).detail;
}

TEST(CertificateFailure, SaysWhomTheCertificateIsFor) {
  EXPECT_EQ(detail(X509_V_ERR_HOSTNAME_MISMATCH, {.subject_alt_name = "DNS:example.org"}),
            "the certificate is for example.org, not for turn.example.com");
  EXPECT_EQ(
      detail(X509_V_ERR_IP_ADDRESS_MISMATCH, {.subject_alt_name = "IP:192.0.2.1,IP:2001:db8::1,email:a@b.c"}),
      "the certificate is for 192.0.2.1, 2001:db8::1, not for turn.example.com");
  EXPECT_EQ(detail(X509_V_ERR_HOSTNAME_MISMATCH, {.subject_alt_name = "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f"}),
            "the certificate is for a, b, c, d and 2 more, not for turn.example.com");
  EXPECT_EQ(detail(X509_V_ERR_HOSTNAME_MISMATCH, {.common_name = "turn.example.com"}),
            "the certificate names no server (it has no subjectAltName), and turn.example.com is needed");
}

TEST(CertificateFailure, QuotesNothingThatATerminalCouldObey) {
  EXPECT_EQ(detail(X509_V_ERR_HOSTNAME_MISMATCH, {.subject_alt_name = "DNS:\x1b[2J\x07"
                                                                      "evil"}),
            "the certificate is for ?[2J?evil, not for turn.example.com");
  const std::string text =
      detail(X509_V_ERR_HOSTNAME_MISMATCH, {.subject_alt_name = "DNS:" + std::string(5000, 'a')});
  EXPECT_EQ(text,
            "the certificate is for " + std::string(max_quoted_size, 'a') + "..., not for turn.example.com");
}

TEST(CertificateFailure, SaysWhatTheClockSays) {
  const CertificateOrder order{
      .subject_alt_name = "DNS:a.example", .not_before = 1'600'000'000, .not_after = 1'600'000'060};
  EXPECT_EQ(detail(X509_V_ERR_CERT_HAS_EXPIRED, order),
            "the certificate of a.example has expired on 2020-09-13 12:27 UTC; the clock here says "
            "2023-11-14 22:13 "
            "UTC");
  EXPECT_EQ(
      detail(X509_V_ERR_CERT_NOT_YET_VALID, order),
      "the certificate of a.example is valid from 2020-09-13 12:26 UTC, and the clock here says 2023-11-14 "
      "22:13 UTC: is it set?");
}

TEST(CertificateFailure, SaysWhatTheClockSaysWhereATimeHas32Bits) {
  const auto certificate = certificate_for({.subject_alt_name = "DNS:a.example"});
  const std::string text =
      certificate_failure(X509_V_ERR_CERT_HAS_EXPIRED, *certificate, "a.example", 4'000'000'000).detail;
  EXPECT_TRUE(text.ends_with("the clock here says 2096-10-02 07:06 UTC")) << text;
}

TEST(CertificateFailure, SaysWhoIsNotTrusted) {
  const CertificateOrder order{.subject_alt_name = "DNS:a.example"};
  EXPECT_EQ(detail(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, order),
            "self-signed certificate of a.example: if it is the right one, give it as a root to trust");
  EXPECT_EQ(detail(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, order),
            "the certificate of a.example was issued by \"Example CA\", which is not known here: trust its "
            "root, or "
            "let the server send the whole chain");
  EXPECT_EQ(detail(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, {.common_name = "Other CA", .authority = true}),
            "the certificate comes from the root \"Other CA\", which is not trusted here");
  EXPECT_EQ(detail(X509_V_ERR_CERT_REVOKED, order),
            "the certificate of a.example is refused: certificate revoked");
}

unsigned long ssl_error(int reason) { return ERR_PACK(ERR_LIB_SSL, 0, reason); }

TEST(ProtocolFailure, NamesThePeersAlert) {
  const Failed failure = protocol_failure(ssl_error(SSL_AD_REASON_OFFSET + 48), true);
  EXPECT_EQ(failure.error, Errc::peer_alert);
  EXPECT_EQ(failure.detail, "the peer refuses: unknown CA (alert 48)");
}

TEST(ProtocolFailure, TellsWantOfAgreementFromNonsense) {
  EXPECT_EQ(protocol_failure(ssl_error(SSL_R_NO_SHARED_CIPHER), true).error, Errc::handshake_failed);
  EXPECT_EQ(protocol_failure(ssl_error(SSL_R_NO_SHARED_CIPHER), true).detail,
            "no agreement: no shared cipher");
  const Failed nonsense = protocol_failure(ssl_error(SSL_R_WRONG_VERSION_NUMBER), true);
  EXPECT_EQ(nonsense.error, Errc::protocol_error);
  EXPECT_EQ(nonsense.detail, "the peer does not speak TLS (wrong version number): is it the right port?");
  const Failed damage = protocol_failure(ssl_error(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC), false);
  EXPECT_EQ(damage.error, Errc::protocol_error);
  EXPECT_EQ(damage.detail, "OpenSSL finds: decryption failed or bad record mac");
}

TEST(ProtocolFailure, HasWordsForWhatItDoesNotKnow) {
  EXPECT_EQ(protocol_failure(0, true).error, Errc::protocol_error);
  EXPECT_FALSE(protocol_failure(0, true).detail.empty());
}

}  // namespace
}  // namespace petrel::inline v0::tls
