#include "petrel/dtls/connection.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dtls/handshake_bench.hpp"
#include "petrel/base/errc.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::dtls {
namespace {

using namespace std::chrono_literals;
using testing::Fate;
using testing::hex;
using testing::Packet;

static_assert(testing::OverUdp<Connection>::flow.value == 1);
static_assert(FlowCore<testing::OverUdp<Connection>>);

void expect_same_keys(const HandshakeBench& bench) {
  const Connected* client = bench.client_diary.connected();
  const Connected* server = bench.server_diary.connected();
  ASSERT_TRUE(client && server && client->srtp_keys && server->srtp_keys);
  EXPECT_EQ(client->srtp_keys->profile, server->srtp_keys->profile);
  EXPECT_TRUE(equal(client->srtp_keys->client_key.bytes(), server->srtp_keys->client_key.bytes()));
  EXPECT_TRUE(equal(client->srtp_keys->client_salt.bytes(), server->srtp_keys->client_salt.bytes()));
  EXPECT_TRUE(equal(client->srtp_keys->server_key.bytes(), server->srtp_keys->server_key.bytes()));
  EXPECT_TRUE(equal(client->srtp_keys->server_salt.bytes(), server->srtp_keys->server_salt.bytes()));
  EXPECT_FALSE(equal(client->srtp_keys->client_key.bytes(), client->srtp_keys->server_key.bytes()));
}

// --- The handshake ----------------------------------------------------------

TEST(Connection, AgreesOnSrtpKeysInTwoRoundTrips) {
  HandshakeBench bench(1, {.link = {.latency = 10ms}});

  ASSERT_TRUE(bench.connects());

  EXPECT_EQ(bench.network.now(), TimePoint(40ms));
  EXPECT_EQ(bench.network.stats().sent, 4u);
  expect_same_keys(bench);
  const SrtpKeys& keys = *bench.client_diary.connected()->srtp_keys;
  EXPECT_EQ(keys.profile, SrtpProfile::aead_aes_128_gcm);
  EXPECT_EQ(keys.client_key.size(), 16u);
  EXPECT_EQ(keys.client_salt.size(), 12u);
  EXPECT_EQ(bench.client.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(bench.client.remote_fingerprint(), bench.server_certificate.fingerprint());
  EXPECT_EQ(bench.server.remote_fingerprint(), bench.client_certificate.fingerprint());
  EXPECT_EQ(bench.client.next_timeout(), std::nullopt);
  // The server's last flight goes out twice more, unasked, and then it rests.
  EXPECT_EQ(bench.server.next_timeout(), TimePoint(30ms + 50ms));
  bench.network.run_for(1s);
  EXPECT_EQ(bench.network.stats().sent, 6u);
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
}

TEST(Connection, IsMadeInSpiteOfLoss) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto loss = static_cast<double>(seed % 31);
    HandshakeBench bench(seed, {.link = {.jitter = 5ms, .loss_percent = loss}});
    ASSERT_TRUE(bench.connects()) << loss << " % loss, seed " << seed;
    expect_same_keys(bench);
  }
}

TEST(Connection, IsMadeWhicheverPacketIsLostRepeatedOrLate) {
  struct Size {
    std::size_t mtu;
    std::uint64_t packets;  // Of a good run.
  };
  for (const auto& [mtu, packets] : {Size{1200, 4}, Size{256, 14}}) {
    ConnectionConfig config;
    config.mtu_bytes = mtu;
    for (std::uint64_t n = 0; n < packets + 4; ++n) {
      for (const Fate fate : {Fate{.drop = true}, Fate{.copies = 2}, Fate{.delay = 200ms}}) {
        HandshakeBench bench(n, {.client = config, .server = config});
        bench.network.set_tap([&](std::uint64_t index, const Packet&) { return index == n ? fate : Fate{}; });
        ASSERT_TRUE(bench.connects(1s)) << "packet " << n << ", MTU " << mtu;
        expect_same_keys(bench);
      }
    }
  }
}

TEST(Connection, IsMadeInPacketsOfAnyMtu) {
  for (const std::size_t mtu : {256u, 400u, 576u, 1200u, 1252u}) {
    ConnectionConfig config;
    config.mtu_bytes = mtu;
    HandshakeBench bench(mtu, {.client = config, .server = config});
    std::size_t longest = 0;
    bench.network.set_tap([&](std::uint64_t, const Packet& packet) {
      longest = std::max(longest, packet.payload.size());
      return Fate{};
    });
    ASSERT_TRUE(bench.connects()) << mtu;
    EXPECT_LE(longest, mtu);
    const std::vector<std::byte> most(bench.client.max_payload());
    EXPECT_TRUE(bench.client.send(bench.network.now(), most));
    bench.network.run_for(1s);
    EXPECT_LE(longest, mtu);
    EXPECT_EQ(bench.server_diary.texts().size(), 1u);
  }
}

TEST(Connection, RetransmitsAfter50MillisecondsAndThenEverLater) {
  HandshakeBench bench(1);
  std::vector<Duration> sent_at;
  bench.network.set_tap([&](std::uint64_t, const Packet&) {
    sent_at.push_back(bench.network.now().time_since_epoch());
    return Fate{.drop = true};
  });

  bench.network.run_for(15s);

  EXPECT_EQ(sent_at, std::vector<Duration>(
                         {0ms, 50ms, 150ms, 350ms, 750ms, 1550ms, 3150ms, 6350ms, 10350ms, 14350ms}));
  EXPECT_EQ(bench.client.stats().retransmissions, 9u);
}

// Of many packets one is always lost.
TEST(Connection, RetransmitsAFlightOfManyMessagesInOnePacket) {
  for (const Role sender : {Role::client, Role::server}) {
    HandshakeBench bench(1);
    std::map<TimePoint, std::vector<std::size_t>> sent;
    bench.network.set_tap([&](std::uint64_t, const Packet& packet) {
      // The client's flight of many messages is its second.
      const bool observed = sender == Role::server
                                ? packet.source.port == 2000
                                : packet.source.port == 1000 && packet.payload.size() > 300;
      if (observed) sent[bench.network.now()].push_back(packet.payload.size());
      return Fate{.drop = observed};
    });
    bench.network.run_for(1s);
    ASSERT_GE(sent.size(), 5u);
    for (const auto& [when, sizes] : sent) {
      // The server has its own timer, and answers a repeated ClientHello too.
      for (const std::size_t size : sizes)
        EXPECT_EQ(size, sent.begin()->second.front()) << when.time_since_epoch();
    }
  }
}

TEST(Connection, GivesUpWhenTheTimeForTheHandshakeIsOver) {
  HandshakeBench bench(1, {.link = {.loss_percent = 100}});
  bench.network.run_for(30s - 1ns);
  EXPECT_FALSE(bench.client_diary.failure());
  bench.network.run_for(1ns);
  EXPECT_EQ(bench.client_diary.failure(), Errc::handshake_timeout);
  EXPECT_EQ(bench.client.next_timeout(), std::nullopt);
  // Nobody spoke to the server, so it waits on.
  EXPECT_FALSE(bench.server_diary.failure());
  EXPECT_EQ(bench.server.next_timeout(), std::nullopt);
}

TEST(Connection, AClientWhosePeerMayBeLateWaitsWithOneClientHello) {
  ConnectionConfig config;
  config.awaits_peer = true;
  HandshakeBench bench(1, {.client = config});
  bench.network.set_tap([&](std::uint64_t index, const Packet&) { return Fate{.drop = index == 0}; });
  bench.network.run_for(10min);
  EXPECT_EQ(bench.network.stats().sent, 1u);
  EXPECT_FALSE(bench.client_diary.failure());
  const TimePoint ready = bench.network.now();
  bench.client.peer_is_ready(ready);
  bench.client.peer_is_ready(ready + 1s);
  EXPECT_EQ(bench.client.next_timeout(), ready + 50ms);
  EXPECT_TRUE(bench.connects(1s));
}

TEST(Connection, AClientWhosePeerMayBeLateTakesItsAnswerForReadiness) {
  ConnectionConfig config;
  config.awaits_peer = true;
  HandshakeBench bench(1, {.client = config});
  EXPECT_TRUE(bench.connects(1s));
  bench.client.peer_is_ready(bench.network.now());
  EXPECT_EQ(bench.client.next_timeout(), std::nullopt);
}

TEST(Connection, ThirtySecondsCountFromWhenALatePeerIsReady) {
  ConnectionConfig config;
  config.awaits_peer = true;
  HandshakeBench bench(1, {.client = config});
  bench.network.set_tap([](std::uint64_t, const Packet&) { return Fate{.drop = true}; });
  bench.network.run_for(10min);
  bench.client.peer_is_ready(bench.network.now());
  bench.network.run_for(30s - 1ns);
  EXPECT_FALSE(bench.client_diary.failure());
  EXPECT_GT(bench.client.stats().retransmissions, 5u);
  bench.network.run_for(1ns);
  EXPECT_EQ(bench.client_diary.failure(), Errc::handshake_timeout);
}

TEST(Connection, CountsAServersTimeFromTheFirstPacket) {
  HandshakeBench bench(1);
  bench.network.set_tap([&](std::uint64_t index, const Packet&) { return Fate{.drop = index > 0}; });
  bench.network.run_for(30s + 10ms - 1ns);
  EXPECT_FALSE(bench.server_diary.failure());
  bench.network.run_for(1ns);
  EXPECT_EQ(bench.server_diary.failure(), Errc::handshake_timeout);
}

TEST(Connection, IsTheSameToTheByteForTheSameSeed) {
  const auto trace = [](std::uint64_t seed) {
    HandshakeBench bench(seed, {.link = {.jitter = 5ms, .loss_percent = 20}});
    EXPECT_TRUE(bench.connects());
    EXPECT_TRUE(bench.client.send(bench.network.now(), as_bytes("hello")));
    bench.network.run_for(1s);
    return bench.network.trace_hash();
  };
  EXPECT_EQ(trace(5), trace(5));
  EXPECT_NE(trace(5), trace(6));
}

TEST(Connection, AnswersAClientHelloThatOffersDtls13With12) {
  HandshakeBench bench(1);
  std::optional<PacketBuffer> hello = bench.client.poll_packet();
  ASSERT_TRUE(hello);
  // As Chromium does: supported_versions with 1.3 (0xfefc) and 1.2, and a key share.
  std::vector<std::byte> packet = testing::to_vector(hello->bytes());
  const auto more = hex("002b 0005 04 fefc fefd  0033 0006 0004 0a0a 0000");
  packet.insert(packet.end(), more.begin(), more.end());
  const auto grow = [&](std::size_t at, std::size_t width) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::size_t>(packet[at + i]);
    value += more.size();
    for (std::size_t i = 0; i < width; ++i) packet[at + width - 1 - i] = std::byte(value >> (8 * i) & 0xff);
  };
  grow(11, 2);  // Record length, message length, fragment length.
  grow(14, 3);
  grow(22, 3);
  std::size_t extensions = 13 + 12 + 2 + 32;                               // Headers, version, random.
  extensions += 1 + std::to_integer<std::size_t>(packet[extensions]);      // Session id
  extensions += 1 + std::to_integer<std::size_t>(packet[extensions]);      // Cookie
  extensions += 2 + std::to_integer<std::size_t>(packet[extensions + 1]);  // Cipher suites
  extensions += 1 + std::to_integer<std::size_t>(packet[extensions]);      // Compression
  grow(extensions, 2);

  bench.server.handle_packet({}, packet);

  const auto answer = bench.server.poll_packet();
  ASSERT_TRUE(answer);
  ByteReader reader(answer->bytes());
  EXPECT_EQ(reader.u8(), 22);  // handshake
  reader.skip(12);
  EXPECT_EQ(reader.u8(), 2);  // server_hello
  reader.skip(11);
  EXPECT_EQ(reader.u16(), 0xfefd);
  EXPECT_EQ(bench.server.poll_event(), std::nullopt);
}

// --- Who the peer is --------------------------------------------------------

TEST(Connection, FailsWithoutKeysForAnotherCertificate) {
  HandshakeBench bench(1, {.exchange_fingerprints = false});
  const Fingerprint wrong = new_certificate().fingerprint();
  bench.client.set_remote_fingerprints({}, {wrong});
  bench.server.set_remote_fingerprints({}, {bench.client_certificate.fingerprint()});

  bench.network.run_for(10s);

  EXPECT_EQ(bench.client_diary.failure(), Errc::fingerprint_mismatch);
  EXPECT_EQ(bench.client_diary.events.size(), 1u);
  // RFC 8122 5: the peer is told by an alert.
  EXPECT_EQ(bench.server_diary.failure(), Errc::peer_alert);
  EXPECT_EQ(bench.server_diary.events.size(), 1u);
}

TEST(Connection, FailsWithoutKeysForAnotherCertificateOfTheClient) {
  HandshakeBench bench(1, {.exchange_fingerprints = false});
  bench.client.set_remote_fingerprints({}, {bench.server_certificate.fingerprint()});
  bench.server.set_remote_fingerprints({}, {new_certificate().fingerprint()});
  bench.network.run_for(10s);
  EXPECT_EQ(bench.server_diary.failure(), Errc::fingerprint_mismatch);
  EXPECT_EQ(bench.client_diary.failure(), Errc::peer_alert);
  EXPECT_FALSE(bench.client_diary.connected());
}

TEST(Connection, WithholdsKeysAndDataUntilTheFingerprintsAreKnown) {
  HandshakeBench bench(1, {.exchange_fingerprints = false});
  bench.server.set_remote_fingerprints({}, {bench.client_certificate.fingerprint()});
  ASSERT_TRUE(bench.network.run_until([&] { return bench.server.connected(); }, 1s));
  EXPECT_TRUE(bench.server.send(bench.network.now(), as_bytes("early")));
  bench.network.run_for(10min);
  EXPECT_TRUE(bench.client_diary.events.empty());
  EXPECT_FALSE(bench.client.connected());
  EXPECT_EQ(bench.client.send(bench.network.now(), as_bytes("no")).error(), Errc::not_connected);
  EXPECT_EQ(bench.client.remote_fingerprint(), bench.server_certificate.fingerprint());

  bench.client.set_remote_fingerprints(bench.network.now(), {bench.server_certificate.fingerprint()});
  bench.network.run_for(1s);

  expect_same_keys(bench);
  EXPECT_EQ(bench.client_diary.texts(), std::vector<std::string>{"early"});
}

TEST(Connection, FailsWhenTheFingerprintsThatCameLaterDoNotMatch) {
  HandshakeBench bench(1, {.exchange_fingerprints = false});
  bench.server.set_remote_fingerprints({}, {bench.client_certificate.fingerprint()});
  ASSERT_TRUE(bench.network.run_until([&] { return bench.server.connected(); }, 1s));
  EXPECT_TRUE(bench.server.send(bench.network.now(), as_bytes("early")));
  bench.network.run_for(1s);

  bench.client.set_remote_fingerprints(bench.network.now(), {new_certificate().fingerprint()});
  bench.network.run_for(1s);

  EXPECT_EQ(bench.client_diary.failure(), Errc::fingerprint_mismatch);
  EXPECT_EQ(bench.client_diary.events.size(), 1u);
  EXPECT_TRUE(bench.server_diary.peer_closed());
}

TEST(Connection, KeepsOnlyTheFirstEarlyRecords) {
  HandshakeBench bench(1, {.exchange_fingerprints = false});
  bench.server.set_remote_fingerprints({}, {bench.client_certificate.fingerprint()});
  ASSERT_TRUE(bench.network.run_until([&] { return bench.server.connected(); }, 1s));
  for (std::size_t i = 0; i < Connection::max_withheld_records + 3; ++i) {
    EXPECT_TRUE(bench.server.send(bench.network.now(), as_bytes("early")));
  }
  bench.network.run_for(1s);
  EXPECT_EQ(bench.client.stats().data_dropped, 3u);
  bench.client.set_remote_fingerprints(bench.network.now(), {bench.server_certificate.fingerprint()});
  bench.network.run_for(1s);
  EXPECT_EQ(bench.client_diary.texts().size(), Connection::max_withheld_records);
}

TEST(Connection, AcceptsOneMatchAmongFingerprintsOfTheStrongestHash) {
  const auto connects_with = [](auto fingerprints) {
    HandshakeBench bench(1, {.exchange_fingerprints = false});
    bench.server.set_remote_fingerprints({}, {bench.client_certificate.fingerprint()});
    bench.client.set_remote_fingerprints({}, fingerprints(bench.server_certificate.fingerprint()));
    return bench.connects(1s);
  };
  const Fingerprint other{HashAlgorithm::sha256, std::vector<std::byte>(32)};
  const Fingerprint weaker{HashAlgorithm::sha1, std::vector<std::byte>(20)};
  const Fingerprint stronger{HashAlgorithm::sha512, std::vector<std::byte>(64)};
  EXPECT_TRUE(connects_with([&](const Fingerprint& right) { return std::vector{other, right, weaker}; }));
  EXPECT_FALSE(connects_with([&](const Fingerprint& right) { return std::vector{right, stronger}; }));
  EXPECT_FALSE(connects_with([&](const Fingerprint&) { return std::vector{other}; }));
  EXPECT_FALSE(connects_with([&](const Fingerprint&) { return std::vector<Fingerprint>{}; }));
}

// --- SRTP profiles ----------------------------------------------------------

constexpr auto cm = SrtpProfile::aes128_cm_sha1_80;
constexpr auto gcm = SrtpProfile::aead_aes_128_gcm;
constexpr auto gcm_256 = SrtpProfile::aead_aes_256_gcm;

HandshakeBench::Options with_profiles(std::vector<SrtpProfile> client, std::vector<SrtpProfile> server) {
  HandshakeBench::Options options;
  options.client.srtp_profiles = std::move(client);
  options.server.srtp_profiles = std::move(server);
  return options;
}

TEST(Connection, TakesTheServersFirstProfileThatTheClientHas) {
  struct Case {
    std::vector<SrtpProfile> client, server;
    SrtpProfile expected;
    std::size_t key_size, salt_size;
  };
  const Case cases[] = {{{cm}, {cm}, cm, 16, 14},
                        {{gcm, cm}, {cm, gcm}, cm, 16, 14},
                        {{cm, gcm}, {gcm, cm}, gcm, 16, 12},
                        {{cm, gcm_256}, {gcm, gcm_256, cm}, gcm_256, 32, 12},
                        {{gcm_256}, {gcm_256}, gcm_256, 32, 12}};
  for (const Case& c : cases) {
    HandshakeBench bench(1, with_profiles(c.client, c.server));
    ASSERT_TRUE(bench.connects());
    expect_same_keys(bench);
    const SrtpKeys& keys = *bench.server_diary.connected()->srtp_keys;
    EXPECT_EQ(keys.profile, c.expected);
    EXPECT_EQ(keys.client_key.size(), c.key_size);
    EXPECT_EQ(keys.server_salt.size(), c.salt_size);
  }
}

TEST(Connection, FailsWithoutACommonProfileWhereSrtpIsRequired) {
  HandshakeBench bench(1, with_profiles({cm}, {gcm}));
  bench.network.run_for(1s);
  EXPECT_EQ(bench.client_diary.failure(), Errc::no_srtp_profile);
  EXPECT_FALSE(bench.client_diary.connected());
  EXPECT_FALSE(bench.server_diary.connected());
}

TEST(Connection, ConnectsWithoutKeysWhereSrtpIsNotRequired) {
  auto options = with_profiles({}, {gcm});
  options.server.srtp_required = false;
  HandshakeBench bench(1, options);
  ASSERT_TRUE(bench.connects());
  bench.network.run_for(1ms);
  EXPECT_FALSE(bench.client_diary.connected()->srtp_keys);
  EXPECT_FALSE(bench.server_diary.connected()->srtp_keys);
}

// --- Data and the end -------------------------------------------------------

TEST(Connection, CarriesRecordsInBothDirections) {
  HandshakeBench bench(1);
  ASSERT_TRUE(bench.connects());
  EXPECT_TRUE(bench.client.send(bench.network.now(), as_bytes("ping")));
  EXPECT_TRUE(bench.client.send(bench.network.now(), as_bytes("again")));
  EXPECT_TRUE(bench.server.send(bench.network.now(), as_bytes("pong")));
  bench.network.run_for(1s);
  EXPECT_EQ(bench.server_diary.texts(), std::vector<std::string>({"ping", "again"}));
  EXPECT_EQ(bench.client_diary.texts(), std::vector<std::string>{"pong"});
}

TEST(Connection, RefusesToSendWhatDoesNotFitAPacket) {
  HandshakeBench bench(1);
  EXPECT_EQ(bench.client.max_payload(), 0u);
  EXPECT_EQ(bench.client.send({}, as_bytes("early")).error(), Errc::not_connected);
  ASSERT_TRUE(bench.connects());
  EXPECT_EQ(bench.client.max_payload(), 1163u);  // 1200 - 13 header - 8 explicit nonce - 16 tag

  const std::vector<std::byte> most(1163), more(1164);
  EXPECT_TRUE(bench.client.send(bench.network.now(), most));
  EXPECT_EQ(bench.client.send(bench.network.now(), more).error(), petrel::Errc::too_long);
  EXPECT_EQ(bench.client.send(bench.network.now(), {}).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(bench.client.poll_packet()->size(), 1200u);
}

TEST(Connection, RefusesToSendWhileNobodyPolls) {
  HandshakeBench bench(1);
  ASSERT_TRUE(bench.connects());
  for (std::size_t i = 0; i < Connection::max_queued_packets; ++i) {
    ASSERT_TRUE(bench.client.send(bench.network.now(), as_bytes("x")));
  }
  EXPECT_EQ(bench.client.send(bench.network.now(), as_bytes("x")).error(), petrel::Errc::limit_reached);
  EXPECT_TRUE(bench.client.poll_packet());
  EXPECT_TRUE(bench.client.send(bench.network.now(), as_bytes("x")));
}

TEST(Connection, TellsThePeerThatItCloses) {
  HandshakeBench bench(1);
  ASSERT_TRUE(bench.connects());
  bench.client.close(bench.network.now());
  bench.network.run_for(1s);
  EXPECT_TRUE(bench.server_diary.peer_closed());
  EXPECT_FALSE(bench.server_diary.failure());
  EXPECT_EQ(bench.client_diary.events.size(), 1u);  // Connected; its own close is no event.
  EXPECT_EQ(bench.server.send(bench.network.now(), as_bytes("x")).error(), Errc::not_connected);
  EXPECT_EQ(bench.client.send(bench.network.now(), as_bytes("x")).error(), Errc::not_connected);
}

TEST(Connection, MayBeClosedAndDestroyedInEveryState) {
  for (std::uint64_t packets = 0; packets <= 4; ++packets) {
    HandshakeBench bench(1);
    bench.network.run_until([&] { return bench.network.stats().delivered == packets; }, 1s);
    bench.client.close(bench.network.now());
    bench.client.close(bench.network.now());
    bench.client.handle_timeout(bench.network.now() + 1h);
    EXPECT_EQ(bench.client.next_timeout(), std::nullopt);
    EXPECT_FALSE(bench.client.connected());
  }
}

// --- Bad input --------------------------------------------------------------

TEST(Connection, CountsAndDropsWhatIsNotARecord) {
  HandshakeBench bench(1);
  const std::vector<std::byte> garbage[] = {{},
                                            hex("16"),
                                            hex("80fefd0000000000000000000100"),
                                            hex("16030100000000000000000000"),
                                            hex("16fefd000000000000000000 05 00000000"),
                                            std::vector<std::byte>(1200)};
  for (const auto& packet : garbage) bench.server.handle_packet({}, packet);
  EXPECT_EQ(bench.server.stats().packets_malformed, std::size(garbage));
  ASSERT_TRUE(bench.connects());
  for (const auto& packet : garbage) bench.client.handle_packet(bench.network.now(), packet);
  EXPECT_TRUE(bench.client.connected());
}

TEST(Connection, SurvivesEveryTruncationOfAClientHello) {
  HandshakeBench bench(1);
  const auto hello = bench.client.poll_packet();
  ASSERT_TRUE(hello);
  for (std::size_t size = 0; size < hello->size(); ++size) {
    bench.server.handle_packet({}, hello->bytes().first(size));
  }
  EXPECT_EQ(bench.server.stats().packets_malformed, hello->size());
  bench.server.handle_packet({}, hello->bytes());
  EXPECT_TRUE(bench.server.poll_packet());
}

TEST(Connection, DropsADamagedRecordOfAnEstablishedConnection) {
  HandshakeBench bench(1);
  ASSERT_TRUE(bench.connects());
  ASSERT_TRUE(bench.client.send(bench.network.now(), as_bytes("hello")));
  const auto packet = bench.client.poll_packet();
  ASSERT_TRUE(packet);
  for (std::size_t at = 0; at < packet->size(); ++at) {
    auto damaged = testing::to_vector(packet->bytes());
    damaged[at] ^= std::byte{0x10};
    bench.server.handle_packet(bench.network.now(), damaged);
  }
  bench.server.handle_packet(bench.network.now(), packet->bytes());
  bench.server.handle_packet(bench.network.now(), packet->bytes());  // A replay, RFC 6347 4.1.2.6.
  bench.network.run_for(1s);
  EXPECT_EQ(bench.server_diary.texts(), std::vector<std::string>{"hello"});
  EXPECT_TRUE(bench.server.connected());
}

// Both of its numbers are in the packet that OpenSSL read last, and the one that we read first.
TEST(Connection, DropsRepeatedDataThatCameWithTheEndOfTheHandshake) {
  HandshakeBench bench(1);
  std::vector<std::byte> last_flight;
  bench.network.set_tap([&](std::uint64_t, const Packet& packet) {
    if (packet.source.port != 2000) return Fate{};
    // The server's Finished waits until it has data with it.
    if (!bench.server.connected()) return Fate{};
    last_flight.insert(last_flight.end(), packet.payload.bytes().begin(), packet.payload.bytes().end());
    return Fate{.drop = true};
  });
  ASSERT_TRUE(bench.network.run_until([&] { return !last_flight.empty(); }, 1s));
  ASSERT_TRUE(bench.server.send(bench.network.now(), as_bytes("once")));
  const auto data = bench.server.poll_packet();
  ASSERT_TRUE(data);
  last_flight.insert(last_flight.end(), data->bytes().begin(), data->bytes().end());
  for (int i = 0; i < 3; ++i) bench.client.handle_packet(bench.network.now(), last_flight);
  bench.client.handle_packet(bench.network.now(), data->bytes());
  bench.network.run_for(1s);
  EXPECT_EQ(bench.client_diary.texts(), std::vector<std::string>{"once"});
}

TEST(Connection, CountsPacketsAfterItsEnd) {
  HandshakeBench bench(1);
  ASSERT_TRUE(bench.connects());
  bench.server.close(bench.network.now());
  ASSERT_TRUE(bench.client.send(bench.network.now(), as_bytes("hello")));
  bench.network.run_for(5ms);
  bench.server.handle_packet(bench.network.now(), hex("00"));
  EXPECT_EQ(bench.server.stats().packets_late, 1u);
}

// --- Secrets ----------------------------------------------------------------

struct CollectedKeyLog final : KeyLogSink {
  std::vector<std::string> lines;
  void write(std::string_view line) noexcept override { lines.emplace_back(line); }
};

TEST(Connection, LogsItsSecretsOnlyWhereASinkAsksForThem) {
  CollectedKeyLog log;
  HandshakeBench::Options options;
  options.client.key_log = &log;
  HandshakeBench bench(1, options);
  ASSERT_TRUE(bench.connects());
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_TRUE(log.lines[0].starts_with("CLIENT_RANDOM "));
}

}  // namespace
}  // namespace petrel::inline v0::dtls
