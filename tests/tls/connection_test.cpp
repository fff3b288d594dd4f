#include "petrel/tls/connection.hpp"

#include <gtest/gtest.h>

#include <array>

#include "petrel/base/errc.hpp"
#include "tls/authority.hpp"
#include "tls/handshake_bench.hpp"

namespace petrel::inline v0::tls {
namespace {

using namespace std::chrono_literals;
using testing::Authority;
using testing::pattern;
using testing::TlsBench;
using testing::TlsWorld;
using testing::trusting;
using testing::wall_clock_epoch;

constexpr std::array transports{Transport::stream, Transport::datagram};

class TlsConnection : public ::testing::Test {
 protected:
  TlsWorld world_;
  ServerIdentity identity_ = ServerIdentity::self_signed({"turn.example.com"}, wall_clock_epoch).value();

  TlsBench bench(Transport transport = Transport::stream) {
    return TlsBench(trusting(identity_, transport), identity_);
  }
};

// --- The handshake ----------------------------------------------------------

TEST_F(TlsConnection, SpeaksTls13OverAStream) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  EXPECT_EQ(bench.client.connected->version, "TLSv1.3");
  EXPECT_EQ(bench.client.connected->cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(bench.server.connected->cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(bench.client.connected->alpn, "");
  EXPECT_TRUE(bench.client.connection.connected());
  EXPECT_EQ(bench.now, TimePoint{}) << "no timer has to help";
  EXPECT_EQ(bench.client.connection.next_timeout(), std::nullopt);
  EXPECT_EQ(bench.server.connection.next_timeout(), std::nullopt);
}

TEST_F(TlsConnection, SpeaksDtls12OverDatagrams) {
  TlsBench bench = this->bench(Transport::datagram);
  ASSERT_TRUE(bench.connects());
  EXPECT_EQ(bench.client.connected->version, "DTLSv1.2");
  EXPECT_EQ(bench.client.connected->cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(bench.now, TimePoint{});
  EXPECT_EQ(bench.client.connection.next_timeout(), std::nullopt);
  EXPECT_EQ(bench.server.connection.next_timeout(), std::nullopt);
}

TEST_F(TlsConnection, CanBeMoved) {
  for (const Transport transport : transports) {
    TlsBench bench = this->bench(transport);
    Connection moved = std::move(bench.client.connection);
    bench.client.connection = std::move(moved);
    ASSERT_TRUE(bench.connects());
  }
}

TEST_F(TlsConnection, IsTheSameForEveryCutOfTheStream) {
  for (const std::size_t chunk : {1u, 2u, 3u, 5u, 7u, 100u, 1499u}) {
    TlsBench bench = this->bench();
    bench.carry(chunk);
    ASSERT_TRUE(bench.client.connected && bench.server.connected) << chunk;
    const std::string text = pattern(20'000);
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes(text)));
    bench.carry(chunk);
    EXPECT_EQ(bench.server.received, text) << chunk;
  }
}

TEST_F(TlsConnection, AgreesOnTheApplicationProtocolThatTheServerLikesBest) {
  for (const Transport transport : transports) {
    ClientConfig config = trusting(identity_, transport);
    config.alpn = {"http/1.1", "stun.turn"};
    TlsBench bench(config, identity_, {"stun.turn", "http/1.1"});
    ASSERT_TRUE(bench.connects());
    EXPECT_EQ(bench.client.connected->alpn, "stun.turn");
    EXPECT_EQ(bench.server.connected->alpn, "stun.turn");
  }
}

TEST_F(TlsConnection, GoesOnWithoutACommonApplicationProtocol) {
  ClientConfig config = trusting(identity_);
  config.alpn = {"http/1.1"};
  TlsBench bench(config, identity_, {"stun.turn"});
  ASSERT_TRUE(bench.connects());
  EXPECT_EQ(bench.client.connected->alpn, "");
}

TEST_F(TlsConnection, RefusesAConfigurationThatCannotWork) {
  const auto error = [&](auto change) {
    ClientConfig config = trusting(identity_);
    change(config);
    return Connection::client({}, config).error();
  };
  EXPECT_EQ(error([](ClientConfig& c) { c.server_name = ""; }), Errc::bad_server_name);
  EXPECT_EQ(error([](ClientConfig& c) { c.server_name = "a b"; }), Errc::bad_server_name);
  EXPECT_EQ(error([](ClientConfig& c) { c.ca_pem = "nonsense"; }), Errc::bad_roots);
  EXPECT_EQ(error([](ClientConfig& c) { c.alpn = {""}; }), Errc::bad_alpn);
  EXPECT_EQ(error([](ClientConfig& c) { c.alpn = {std::string(256, 'a')}; }), Errc::bad_alpn);
  EXPECT_EQ(error([](ClientConfig& c) { c.alpn.assign(10, std::string(200, 'a')); }), Errc::bad_alpn);
}

// --- Who the server is ------------------------------------------------------

TEST_F(TlsConnection, RefusesASelfSignedCertificateThatNobodyTrusts) {
  for (const Transport transport : transports) {
    ClientConfig config = trusting(identity_, transport);
    config.ca_pem = Authority("another root").pem();
    TlsBench bench(config, identity_);
    EXPECT_FALSE(bench.connects());
    ASSERT_TRUE(bench.client.failed);
    EXPECT_EQ(bench.client.failed->error, Errc::certificate_untrusted);
    EXPECT_EQ(
        bench.client.failed->detail,
        "self-signed certificate of turn.example.com: if it is the right one, give it as a root to trust");
    bench.carry();
    ASSERT_TRUE(bench.server.failed) << "the server is told";
    EXPECT_EQ(bench.server.failed->error, Errc::peer_alert);
  }
}

TEST_F(TlsConnection, RefusesACertificateForAnotherName) {
  TlsBench bench(trusting(identity_, Transport::stream, "turn.example.org"), identity_);
  EXPECT_FALSE(bench.connects());
  EXPECT_EQ(bench.client.failed->error, Errc::certificate_name_mismatch);
  EXPECT_EQ(bench.client.failed->detail, "the certificate is for turn.example.com, not for turn.example.org");
}

TEST_F(TlsConnection, RefusesWhatAnAuthoritySaysWrongly) {
  Authority root("root");
  struct Case {
    testing::CertificateOrder order;
    Errc error;
    std::string in_detail;
  };
  const std::string san = "DNS:turn.example.com";
  const std::vector<Case> cases{
      {{.subject_alt_name = san, .not_after = wall_clock_epoch - 1},
       Errc::certificate_expired,
       "has expired"},
      {{.subject_alt_name = san, .not_before = wall_clock_epoch + 60},
       Errc::certificate_not_yet_valid,
       "is it set?"},
      {{.subject_alt_name = san, .key_usage = "clientAuth"}, Errc::certificate_untrusted, "is refused"},
      // RFC 9525 2: a common name is no name of a server.
      {{.common_name = "turn.example.com"}, Errc::certificate_name_mismatch, "names no server"},
      // RFC 9525 6.3: a wildcard is one whole label.
      {{.subject_alt_name = "DNS:tu*.example.com"},
       Errc::certificate_name_mismatch,
       "tu*.example.com, not for"},
      {{.subject_alt_name = "DNS:*.com"}, Errc::certificate_name_mismatch, "*.com, not for"}};
  for (const Case& expected : cases) {
    const auto issued = root.issue(expected.order);
    ClientConfig config = trusting(identity_);
    config.ca_pem = root.pem();
    TlsBench bench(config, ServerIdentity::from_pem(issued.pem, issued.key_pem).value());
    EXPECT_FALSE(bench.connects()) << expected.in_detail;
    ASSERT_TRUE(bench.client.failed);
    EXPECT_EQ(bench.client.failed->error, expected.error) << bench.client.failed->detail;
    EXPECT_NE(bench.client.failed->detail.find(expected.in_detail), std::string::npos)
        << bench.client.failed->detail;
  }
  const auto good = root.issue({.subject_alt_name = san});
  ClientConfig config = trusting(identity_);
  config.ca_pem = root.pem();
  EXPECT_TRUE(TlsBench(config, ServerIdentity::from_pem(good.pem, good.key_pem).value()).connects());
}

TEST_F(TlsConnection, NamesTheRootThatIsNotTrusted) {
  Authority root("Somebody's Root");
  const auto issued = root.issue({.subject_alt_name = "DNS:turn.example.com"});
  TlsBench bench(trusting(identity_),
                 ServerIdentity::from_pem(issued.pem + root.pem(), issued.key_pem).value());
  EXPECT_FALSE(bench.connects());
  EXPECT_EQ(bench.client.failed->error, Errc::certificate_untrusted);
  EXPECT_EQ(bench.client.failed->detail,
            "the certificate comes from the root \"Somebody's Root\", which is not trusted here");
}

TEST_F(TlsConnection, TalksToAnybodyOnlyIfToldTo) {
  ClientConfig config;
  config.dangerously_skip_verification = true;
  EXPECT_TRUE(TlsBench(config, identity_).connects());
  config.server_name = "turn.example.org";
  EXPECT_TRUE(TlsBench(config, identity_).connects());
}

// --- Data -------------------------------------------------------------------

TEST_F(TlsConnection, CarriesAStreamOfAnySizeBothWays) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  std::string to_server, to_client;
  for (const std::size_t size :
       {0u, 1u, 2u, 1499u, 1500u, 1501u, 16'383u, 16'384u, 16'385u, 50'000u, 100'000u}) {
    const std::string text = pattern(size);
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes(text)));
    ASSERT_TRUE(bench.server.connection.send(bench.now, as_bytes(text)));
    to_server += text;
    to_client += text;
    bench.carry();
    ASSERT_EQ(bench.server.received, to_server) << size;
    ASSERT_EQ(bench.client.received, to_client) << size;
  }
}

TEST_F(TlsConnection, CarriesRecordsAsTheyWereSent) {
  TlsBench bench = this->bench(Transport::datagram);
  ASSERT_TRUE(bench.connects());
  std::vector<std::string> sent;
  for (const std::size_t size :
       {1u, 2u, 100u, 1200u, static_cast<unsigned>(Connection::max_datagram_bytes)}) {
    sent.push_back(pattern(size));
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes(sent.back())));
    ASSERT_TRUE(bench.server.connection.send(bench.now, as_bytes(sent.back())));
    bench.client.drain();
    EXPECT_EQ(bench.client.sent.size(), 1u);
    EXPECT_LE(bench.client.sent.front().size(), 1472u);
    bench.carry();
  }
  EXPECT_EQ(bench.server.records, sent);
  EXPECT_EQ(bench.client.records, sent);
}

TEST_F(TlsConnection, TakesNoDatagramThatDoesNotFit) {
  TlsBench bench = this->bench(Transport::datagram);
  const std::string longest = pattern(Connection::max_datagram_bytes);
  for (int round = 0; round < 2; ++round) {  // Before and after the handshake.
    EXPECT_TRUE(bench.client.connection.send(bench.now, as_bytes(longest)));
    EXPECT_EQ(bench.client.connection.send(bench.now, as_bytes(longest + "x")).error(),
              petrel::Errc::too_long);
    EXPECT_EQ(bench.client.connection.send(bench.now, {}).error(), petrel::Errc::invalid_argument);
    ASSERT_TRUE(bench.connects());
  }
}

TEST_F(TlsConnection, KeepsWhatIsSentBeforeTheHandshakeIsDone) {
  for (const Transport transport : transports) {
    TlsBench bench = this->bench(transport);
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("one")));
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("two")));
    ASSERT_TRUE(bench.server.connection.send(bench.now, as_bytes("three")));
    ASSERT_TRUE(bench.connects());
    EXPECT_EQ(bench.server.received, "onetwo");
    EXPECT_EQ(bench.client.received, "three");
    if (transport == Transport::datagram) {
      EXPECT_EQ(bench.server.records.size(), 2u);
    }
  }
}

TEST_F(TlsConnection, TakesNoMoreThanItsLimitBeforeTheHandshakeIsDone) {
  TlsBench bench = this->bench();
  const std::string most = pattern(Connection::max_early_bytes);
  EXPECT_EQ(bench.client.connection.send(bench.now, as_bytes(most + "x")).error(),
            petrel::Errc::limit_reached);
  EXPECT_TRUE(bench.client.connection.send(bench.now, as_bytes(most)));
  EXPECT_EQ(bench.client.connection.send(bench.now, as_bytes("x")).error(), petrel::Errc::limit_reached);
  ASSERT_TRUE(bench.connects());
  EXPECT_EQ(bench.server.received, most);
}

TEST_F(TlsConnection, TakesNoMoreThanIsPolled) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  const std::string block = pattern(100'000);
  std::string sent;
  while (bench.client.connection.send(bench.now, as_bytes(block))) sent += block;
  EXPECT_EQ(bench.client.connection.send(bench.now, as_bytes(block)).error(), petrel::Errc::limit_reached);
  EXPECT_GT(sent.size(), Connection::max_unsent_bytes - 2 * block.size());
  bench.carry();
  EXPECT_TRUE(bench.client.connection.send(bench.now, as_bytes("more")));
  bench.carry();
  EXPECT_EQ(bench.server.received, sent + "more");
}

TEST_F(TlsConnection, TakesNoMoreDatagramsThanArePolled) {
  TlsBench bench = this->bench(Transport::datagram);
  ASSERT_TRUE(bench.connects());
  for (std::size_t i = 0; i < Connection::max_unsent_packets; ++i) {
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("x")));
  }
  EXPECT_EQ(bench.client.connection.send(bench.now, as_bytes("x")).error(), petrel::Errc::limit_reached);
  bench.carry();
  EXPECT_EQ(bench.server.records.size(), Connection::max_unsent_packets);
}

TEST_F(TlsConnection, FailsRatherThanLoseAPartOfAStreamThatNobodyReads) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  const std::string block = pattern(100'000);
  constexpr std::size_t most = Connection::max_unread_events * PacketBuffer::capacity;
  std::size_t given = 0;
  while (bench.server.connection.open() && given < most + 2 * block.size()) {
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes(block)));
    bench.client.drain();
    for (const auto& packet : bench.client.sent) bench.server.connection.handle_bytes(bench.now, packet);
    bench.client.sent.clear();
    given += block.size();
  }
  EXPECT_GE(given, most - block.size());
  bench.server.drain();
  ASSERT_TRUE(bench.server.failed);
  EXPECT_EQ(bench.server.failed->error, petrel::Errc::limit_reached);
  EXPECT_EQ(bench.server.received.substr(0, block.size()), block) << "what came in time can be read";
}

TEST_F(TlsConnection, DropsDatagramsThatNobodyReads) {
  TlsBench bench = this->bench(Transport::datagram);
  ASSERT_TRUE(bench.connects());
  for (std::size_t i = 0; i < Connection::max_unread_events + 10; ++i) {
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("x")));
    bench.server.connection.handle_bytes(bench.now, bench.client.connection.poll_packet()->bytes());
  }
  EXPECT_EQ(bench.server.connection.stats().data_dropped, 10u);
  bench.server.drain();
  EXPECT_EQ(bench.server.records.size(), Connection::max_unread_events);
  EXPECT_TRUE(bench.server.connection.open());
}

TEST_F(TlsConnection, MakesFewEventsOfManySmallRecords) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("x")));
    while (auto packet = bench.client.connection.poll_packet()) {
      bench.server.connection.handle_bytes(bench.now, packet->bytes());
    }
  }
  bench.server.drain();
  EXPECT_EQ(bench.server.received, std::string(5000, 'x'));
  EXPECT_EQ(bench.server.records.size(), 4u);
}

// --- The end ----------------------------------------------------------------

TEST_F(TlsConnection, SaysCloseNotify) {
  for (const Transport transport : transports) {
    TlsBench bench = this->bench(transport);
    ASSERT_TRUE(bench.connects());
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("last words")));
    bench.client.connection.close(bench.now);
    bench.carry();
    EXPECT_EQ(bench.server.received, "last words");
    EXPECT_TRUE(bench.server.closed);
    EXPECT_FALSE(bench.client.over()) << "whoever closes needs no event";
    for (Connection* connection : {&bench.client.connection, &bench.server.connection}) {
      EXPECT_FALSE(connection->open());
      EXPECT_FALSE(connection->connected());
      EXPECT_EQ(connection->send(bench.now, as_bytes("x")).error(), Errc::closed);
      EXPECT_EQ(connection->next_timeout(), std::nullopt);
      connection->close(bench.now);
      connection->handle_end(bench.now);
      EXPECT_FALSE(connection->poll_event());
    }
  }
}

TEST_F(TlsConnection, ClosesDuringTheHandshakeWithoutAWord) {
  TlsBench bench = this->bench();
  bench.client.connection.close(bench.now);
  EXPECT_EQ(bench.client.connection.next_timeout(), std::nullopt);
  EXPECT_FALSE(bench.client.connection.poll_event());
}

TEST_F(TlsConnection, TellsAnEndFromATruncation) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  bench.client.connection.handle_end(bench.now);
  bench.client.drain();
  ASSERT_TRUE(bench.client.failed);
  EXPECT_EQ(bench.client.failed->error, Errc::truncated);

  TlsBench early = this->bench();
  early.client.connection.handle_end(early.now);
  early.client.drain();
  EXPECT_EQ(early.client.failed->error, Errc::truncated);
  EXPECT_NE(early.client.failed->detail.find("is it the right port?"), std::string::npos);
}

TEST_F(TlsConnection, WaitsAsLongAsItMayForTheHandshake) {
  for (const Transport transport : transports) {
    ClientConfig config = trusting(identity_, transport);
    config.handshake_timeout = 10s;
    TlsBench bench(config, identity_);
    bench.tap = [](std::size_t, std::vector<std::byte>) { return std::vector<std::byte>(); };
    EXPECT_FALSE(bench.run_until([&] { return bench.client.over(); }, 10s - 1ns));
    bench.advance_to(TimePoint(10s - 1ns));
    EXPECT_FALSE(bench.client.failed);
    bench.advance_to(TimePoint(10s));
    ASSERT_TRUE(bench.client.failed);
    EXPECT_EQ(bench.client.failed->error, Errc::handshake_timeout);
    EXPECT_EQ(bench.client.connection.next_timeout(), std::nullopt);

    bench.advance_to(TimePoint(30s - 1ns));
    EXPECT_FALSE(bench.server.failed);
    bench.advance_to(TimePoint(30s));
    EXPECT_EQ(bench.server.failed->error, Errc::handshake_timeout);
  }
}

TEST_F(TlsConnection, CountsBytesAsTheTransportSeesThem) {
  TlsBench bench = this->bench();
  ASSERT_TRUE(bench.connects());
  const ConnectionStats client = bench.client.connection.stats();
  const ConnectionStats server = bench.server.connection.stats();
  EXPECT_GT(client.bytes_sent, 100u);
  EXPECT_EQ(client.bytes_sent, server.bytes_received);
  EXPECT_EQ(server.bytes_sent, client.bytes_received);
}

}  // namespace
}  // namespace petrel::inline v0::tls
