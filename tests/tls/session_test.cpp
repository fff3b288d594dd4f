#include "tls/session.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"
#include "tls/handshake_bench.hpp"
#include "tls/old_server.hpp"

namespace petrel::inline v0::tls {
namespace {

using namespace std::chrono_literals;
using testing::TlsBench;
using testing::TlsWorld;
using testing::trusting;
using testing::wall_clock_epoch;
using Packet = std::vector<std::byte>;

class TlsSession : public ::testing::Test {
 protected:
  TlsWorld world_;
  ServerIdentity identity_ = ServerIdentity::self_signed({"turn.example.com"}, wall_clock_epoch).value();

  TlsBench bench(Transport transport) { return TlsBench(trusting(identity_, transport), identity_); }

  // All bytes that each end sends in a good handshake over a stream.
  struct Transcript {
    std::size_t from_client = 0;
    std::size_t from_server = 0;
  };
  Transcript measure() {
    TlsBench good = bench(Transport::stream);
    EXPECT_TRUE(good.connects());
    return {good.client.connection.stats().bytes_sent, good.server.connection.stats().bytes_sent};
  }
};

// Carries the bytes of a stream one by one, so that `change` sees each with its place.
template <class Change>
void carry_changed(TlsBench& bench, bool of_client, Change change) {
  std::size_t at = 0;
  bench.client.drain();
  bench.server.drain();
  while (!bench.client.sent.empty() || !bench.server.sent.empty()) {
    for (auto* from : {&bench.client, &bench.server}) {
      auto& to = from == &bench.client ? bench.server : bench.client;
      const bool changed = (from == &bench.client) == of_client;
      for (Packet& packet : std::exchange(from->sent, {})) {
        if (changed && !change(packet, at)) return;
        if (changed) at += packet.size();
        to.connection.handle_bytes(bench.now, packet);
        to.drain();
      }
    }
  }
}

// --- Streams ----------------------------------------------------------------

TEST_F(TlsSession, FailsCleanlyWhereverTheStreamEnds) {
  const Transcript whole = measure();
  for (const bool of_client : {true, false}) {
    const std::size_t size = of_client ? whole.from_client : whole.from_server;
    // 70 bytes of room: signatures vary in size, and a handshake must not be done by its truncation.
    for (std::size_t cut = 0; cut + 70 < size; ++cut) {
      TlsBench bench = this->bench(Transport::stream);
      auto& victim = of_client ? bench.server : bench.client;
      carry_changed(bench, of_client, [&](Packet& packet, std::size_t at) {
        if (at + packet.size() <= cut) return true;
        packet.resize(cut - at);
        victim.connection.handle_bytes(bench.now, packet);
        victim.connection.handle_end(bench.now);
        victim.drain();
        return false;
      });
      ASSERT_TRUE(victim.failed) << cut;
      ASSERT_EQ(victim.failed->error, Errc::truncated) << cut;
      ASSERT_FALSE(victim.connected);
    }
  }
}

TEST_F(TlsSession, IsNotMadeWhateverByteIsDamaged) {
  const Transcript whole = measure();
  for (const bool of_client : {true, false}) {
    const std::size_t size = of_client ? whole.from_client : whole.from_server;
    for (std::size_t place = 0; place < size; ++place) {
      TlsBench bench = this->bench(Transport::stream);
      bool changed = false;
      carry_changed(bench, of_client, [&](Packet& packet, std::size_t at) {
        if (place >= at && place < at + packet.size()) {
          packet[place - at] ^= std::byte{0x55};
          changed = true;
        }
        return true;
      });
      if (!changed) continue;  // Sizes vary with the signatures.
      auto& victim = of_client ? bench.server : bench.client;
      // It may wait for bytes that a damaged length promised; then the transport's end or the time ends it.
      victim.connection.handle_timeout(bench.now + 30s);
      victim.drain();
      // The version in a record's header means nothing in TLS 1.3 (RFC 8446 5.1), nor does all of
      // change_cipher_spec (RFC 8446 5): such damage may go unnoticed, but never unequally.
      if (victim.connected && !victim.failed) {
        EXPECT_TRUE(bench.client.connected && bench.server.connected) << place;
      } else {
        ASSERT_TRUE(victim.failed) << place;
        EXPECT_FALSE(victim.failed->detail.empty());
      }
    }
  }
}

TEST_F(TlsSession, SaysThatHttpIsNotTls) {
  TlsBench bench = this->bench(Transport::stream);
  bench.client.connection.handle_bytes(bench.now, as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  bench.client.drain();
  ASSERT_TRUE(bench.client.failed);
  EXPECT_EQ(bench.client.failed->error, Errc::protocol_error);
  EXPECT_NE(bench.client.failed->detail.find("does not speak TLS"), std::string::npos)
      << bench.client.failed->detail;

  bench.server.connection.handle_bytes(bench.now, as_bytes("GET / HTTP/1.1\r\n\r\n"));
  bench.server.drain();
  ASSERT_TRUE(bench.server.failed);
  EXPECT_NE(bench.server.failed->detail.find("does not speak TLS"), std::string::npos)
      << bench.server.failed->detail;
}

TEST_F(TlsSession, FindsDamageInDataAndGivesOutNothingOfIt) {
  TlsBench bench = this->bench(Transport::stream);
  ASSERT_TRUE(bench.connects());
  ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("some data")));
  bench.client.drain();
  Packet packet = bench.client.sent.front();
  packet.back() ^= std::byte{1};
  bench.server.connection.handle_bytes(bench.now, packet);
  bench.server.drain();
  ASSERT_TRUE(bench.server.failed);
  EXPECT_EQ(bench.server.failed->error, Errc::protocol_error);
  EXPECT_EQ(bench.server.received, "");
  bench.client.sent.clear();
  bench.carry();
  EXPECT_EQ(bench.client.failed->error, Errc::peer_alert) << "the sender is told";
}

// --- Older servers ----------------------------------------------------------

TEST_F(TlsSession, SpeaksTls12WithAServerThatHasNothingNewer) {
  testing::OldServer server(identity_, TLS1_2_VERSION);
  testing::TlsEnd client(Connection::client({}, trusting(identity_)).value());
  ASSERT_TRUE(client.connection.send({}, as_bytes("ping")));
  EXPECT_EQ(server.carry({}, client.connection), "ping");
  ASSERT_EQ(SSL_write(server.ssl(), "pong", 4), 4);
  SSL_shutdown(server.ssl());
  server.carry({}, client.connection);
  client.drain();
  ASSERT_TRUE(client.connected);
  EXPECT_EQ(client.connected->version, "TLSv1.2");
  EXPECT_EQ(client.connected->cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(client.received, "pong");
  EXPECT_TRUE(client.closed);
}

TEST_F(TlsSession, ShowsItsCertificateToAServerThatAsks) {
  const auto device = ServerIdentity::self_signed({"camera-7"}, wall_clock_epoch).value();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const bool has_one : {true, false}) {
      testing::OldServer server(identity_, version);
      SSL_set_verify(server.ssl(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
      ClientConfig config = trusting(identity_);
      if (has_one) config.identity = device;
      testing::TlsEnd client(Connection::client({}, config).value());
      ASSERT_TRUE(client.connection.send({}, as_bytes("ping")));
      EXPECT_EQ(server.carry({}, client.connection), has_one ? "ping" : "") << version;
      const crypto::X509Handle shown(SSL_get1_peer_certificate(server.ssl()));
      ASSERT_EQ(shown != nullptr, has_one);
      if (has_one) {
        EXPECT_EQ(X509_check_host(shown.get(), "camera-7", 8, 0, nullptr), 1);
      }
    }
  }
}

TEST_F(TlsSession, DoesNotNegotiateAgain) {
  testing::OldServer server(identity_, TLS1_2_VERSION);
  testing::TlsEnd client(Connection::client({}, trusting(identity_)).value());
  server.carry({}, client.connection);
  ASSERT_TRUE(client.connection.connected());
  const std::uint64_t sent = client.connection.stats().bytes_sent;
  SSL_renegotiate(server.ssl());
  SSL_do_handshake(server.ssl());  // HelloRequest
  server.carry({}, client.connection);
  // The answer is a no_renegotiation warning (RFC 5246 7.2.2), and no ClientHello. What the server
  // makes of it is its own affair: OpenSSL's gives up.
  EXPECT_GT(client.connection.stats().bytes_sent, sent);
  EXPECT_LT(client.connection.stats().bytes_sent, sent + 40);
}

TEST_F(TlsSession, RefusesAServerThatIsTooOld) {
  testing::OldServer server(identity_, TLS1_1_VERSION);
  testing::TlsEnd client(Connection::client({}, trusting(identity_)).value());
  server.carry({}, client.connection);
  client.drain();
  ASSERT_TRUE(client.failed);
  EXPECT_EQ(client.failed->error, Errc::peer_alert);
  EXPECT_EQ(client.failed->detail, "the peer refuses: protocol version (alert 70)");
}

// --- Datagrams --------------------------------------------------------------

TEST_F(TlsSession, AsksForACookieBeforeItAnswersAtLength) {
  TlsBench bench = this->bench(Transport::datagram);
  bench.client.drain();
  ASSERT_EQ(bench.client.sent.size(), 1u);
  bench.server.connection.handle_bytes(bench.now, bench.client.sent.front());
  bench.server.drain();
  ASSERT_EQ(bench.server.sent.size(), 1u);
  EXPECT_EQ(bench.server.sent.front()[13], std::byte{3}) << "HelloVerifyRequest, RFC 6347 4.3.2";
  EXPECT_LT(bench.server.sent.front().size(), bench.client.sent.front().size());
}

TEST_F(TlsSession, KeepsNothingOfAClientBeforeItsCookieComesBack) {
  TlsBench bench = this->bench(Transport::datagram);
  const Connection::Cookie cookie{std::byte{1}, std::byte{2}, std::byte{3}};
  const auto fresh = [&](const Connection::Cookie& own) {
    return Connection::server(bench.now, Transport::datagram, identity_, {}, own).value();
  };
  bench.client.drain();
  const Packet hello = std::exchange(bench.client.sent, {}).at(0);
  {
    Connection first = fresh(cookie);
    first.handle_bytes(bench.now, hello);
    EXPECT_FALSE(first.heard_from_client());
    const auto verify = first.poll_packet();
    ASSERT_TRUE(verify);
    EXPECT_FALSE(first.poll_packet());
    bench.client.connection.handle_bytes(bench.now, verify->bytes());
  }
  bench.client.drain();
  const Packet second_hello = std::exchange(bench.client.sent, {}).at(0);
  Connection other = fresh({});
  other.handle_bytes(bench.now, second_hello);
  EXPECT_FALSE(other.heard_from_client()) << "another cookie";

  Connection second = fresh(cookie);
  second.handle_bytes(bench.now, second_hello);
  EXPECT_TRUE(second.heard_from_client());
  bench.server.connection = std::move(second);
  bench.carry();
  EXPECT_TRUE(bench.server.connected);
  EXPECT_TRUE(bench.client.connected);
}

TEST_F(TlsSession, AsksAgainWhoeverShowsAnotherCookie) {
  TlsBench bench = this->bench(Transport::datagram);
  bench.tap = [](std::size_t index, Packet packet) {
    // The cookie ends the second ClientHello's fixed part: flip a bit of it.
    constexpr std::size_t in_cookie = 13 + 12 + 2 + 32 + 1 + 1 + 3;
    if (index == 2) packet[in_cookie] ^= std::byte{1};
    return packet;
  };
  bench.carry();
  EXPECT_FALSE(bench.server.connected);
  EXPECT_FALSE(bench.client.connected);
}

TEST_F(TlsSession, IsMadeWhicheverDatagramIsLost) {
  std::size_t datagrams = 0;
  {
    TlsBench good = bench(Transport::datagram);
    ASSERT_TRUE(good.connects());
    datagrams = good.carried;
  }
  ASSERT_GE(datagrams, 6u);
  for (std::size_t lost = 0; lost < datagrams; ++lost) {
    TlsBench bench = this->bench(Transport::datagram);
    bench.tap = [&](std::size_t index, Packet packet) { return index == lost ? Packet() : packet; };
    ASSERT_TRUE(bench.connects()) << lost;
    EXPECT_GE(bench.now, TimePoint(250ms)) << lost;
    EXPECT_LE(bench.now, TimePoint(500ms)) << lost;
    ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("after all")));
    bench.carry();
    EXPECT_EQ(bench.server.received, "after all");
  }
}

TEST_F(TlsSession, IsMadeInSpiteOfLossAndRepetition) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    TlsBench bench = this->bench(Transport::datagram);
    testing::SeededRandom random(seed);
    bench.tap = [&](std::size_t, Packet packet) { return random.between(0, 99) < 20 ? Packet() : packet; };
    ASSERT_TRUE(bench.connects()) << "seed " << seed;
  }
}

TEST_F(TlsSession, AsksAgainEverLater) {
  TlsBench bench = this->bench(Transport::datagram);
  std::vector<Duration> sent_at;
  bench.tap = [&](std::size_t, Packet) {
    sent_at.push_back(bench.now.time_since_epoch());
    return Packet();
  };
  bench.run_until([&] { return bench.client.over(); }, 40s);
  EXPECT_EQ(sent_at, std::vector<Duration>({0ms, 250ms, 750ms, 1750ms, 3750ms, 6750ms, 9750ms, 12750ms,
                                            15750ms, 18750ms, 21750ms, 24750ms, 27750ms}));
  EXPECT_EQ(bench.client.connection.stats().retransmissions, 12u);
  EXPECT_EQ(bench.client.failed->error, Errc::handshake_timeout);
}

TEST_F(TlsSession, DropsDatagramsThatAreNoRecords) {
  TlsBench bench = this->bench(Transport::datagram);
  for (const char* nonsense : {"", "00", "17 fefd 0000 000000000000 0001", "14 0303 0001 01",
                               "13 fefd 0000 000000000000 0000", "18 fefd 0000 000000000000 0000"}) {
    bench.client.connection.handle_bytes(bench.now, testing::hex(nonsense));
    bench.server.connection.handle_bytes(bench.now, testing::hex(nonsense));
  }
  EXPECT_EQ(bench.client.connection.stats().packets_malformed, 6u);
  EXPECT_EQ(bench.server.connection.stats().packets_malformed, 6u);
  EXPECT_TRUE(bench.connects());
}

TEST_F(TlsSession, SurvivesDamageToAnyByteOfADatagramAfterTheHandshake) {
  TlsBench bench = this->bench(Transport::datagram);
  ASSERT_TRUE(bench.connects());
  ASSERT_TRUE(bench.client.connection.send(bench.now, as_bytes("some data")));
  const Packet packet = testing::to_vector(bench.client.connection.poll_packet()->bytes());
  for (std::size_t place = 0; place < packet.size(); ++place) {
    Packet damaged = packet;
    damaged[place] ^= std::byte{0x40};
    bench.server.connection.handle_bytes(bench.now, damaged);
    bench.server.connection.handle_bytes(bench.now, Bytes(packet).first(place));
  }
  bench.server.connection.handle_bytes(bench.now, packet);
  bench.server.connection.handle_bytes(bench.now, packet);  // A replay.
  bench.server.drain();
  EXPECT_EQ(bench.server.records, std::vector<std::string>{"some data"});
  EXPECT_TRUE(bench.server.connection.open());
}

TEST_F(TlsSession, IsNotMadeOrStaysWholeWhateverByteOfADatagramIsDamaged) {
  TlsBench good = bench(Transport::datagram);
  std::vector<std::size_t> sizes;
  good.tap = [&](std::size_t, Packet packet) {
    sizes.push_back(packet.size());
    return packet;
  };
  ASSERT_TRUE(good.connects());
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    for (std::size_t place = 0; place < sizes[index]; place += 3) {
      TlsBench bench = this->bench(Transport::datagram);
      bench.tap = [&](std::size_t i, Packet packet) {
        if (i == index && place < packet.size()) packet[place] ^= std::byte{0x55};
        return packet;
      };
      // Dropped and sent again, or found and told: nothing in between, and never without an end.
      if (bench.connects()) continue;
      EXPECT_TRUE(bench.client.failed || bench.server.failed) << index << ", " << place;
    }
  }
}

}  // namespace
}  // namespace petrel::inline v0::tls
