#include <gtest/gtest.h>

#include "dtls/certificate_state.hpp"
#include "dtls/handshake_bench.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::dtls {
namespace {

using namespace std::chrono_literals;

// The cipher suites and groups of a ClientHello, from the wire.
TEST(Context, OffersOnlyForwardSecretAeadCiphersAndTheMandatoryOneFirst) {
  HandshakeBench bench(1);
  const auto hello = bench.client.poll_packet();
  ASSERT_TRUE(hello);
  ByteReader reader(hello->bytes());
  reader.skip(13 + 12 + 2 + 32);
  reader.skip(reader.u8());  // Session id
  reader.skip(reader.u8());  // Cookie
  ByteReader suites(reader.bytes(reader.u16()));
  std::vector<std::uint16_t> offered;
  while (suites.remaining() >= 2) offered.push_back(suites.u16());
  // RFC 8827 6.5: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256. The last is the renegotiation signal of RFC 5746.
  const std::vector<std::uint16_t> expected{0xc02b, 0xcca9, 0xc02c, 0xc02f, 0xcca8, 0xc030, 0x00ff};
  EXPECT_EQ(offered, expected);
}

TEST(Context, ServesConnectionsOfOneCertificateAndOfSeveral) {
  testing::SeededOpenSsl openssl(1);
  const Certificate certificate = new_certificate();
  const Certificate copy = certificate;
  Connection first({}, Role::client, certificate);
  Connection second({}, Role::client, copy);
  Connection third({}, Role::client, new_certificate());
  EXPECT_TRUE(first.poll_packet());
  EXPECT_TRUE(second.poll_packet());
  EXPECT_TRUE(third.poll_packet());
}

// A certificate may go while its connections live.
TEST(Context, OutlivesTheCertificatesHandle) {
  testing::SeededOpenSsl openssl(1);
  std::optional<Certificate> certificate = new_certificate();
  Connection connection({}, Role::client, *certificate);
  certificate.reset();
  connection.handle_timeout(TimePoint(50ms));
  EXPECT_TRUE(connection.poll_packet());
}

}  // namespace
}  // namespace petrel::inline v0::dtls
