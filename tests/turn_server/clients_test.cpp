#include "turn_server/clients.hpp"

#include <gtest/gtest.h>

#include "petrel/stun/binding_client.hpp"
#include "petrel/tls/connection.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;
using stun::Method;

constexpr FlowId connection{first_accepted_flow.value + 5};

ServerConfig stream_config(TransportProtocol protocol = TransportProtocol::tcp) {
  ServerConfig config = test_config();
  config.listeners[0].protocol = protocol;
  config.limits.connections = 4;
  config.limits.connections_per_source = 2;
  return config;
}

struct StreamTest : ::testing::Test {
  void connect() { bench.accept(connection, client_address); }
  FlowId nth(std::uint32_t index) { return {first_accepted_flow.value + 100 + index}; }
  ServerBench bench{stream_config()};
  ScriptedClient client{bench, client_address, connection};
};

TEST_F(StreamTest, CarriesRequestsAndData) {
  connect();
  client.allocate();
  EXPECT_EQ(client.bind(0x4000, peer_address), 0);
  client.send_channel(0x4000, "hello", true);
  const auto sent = bench.take().value();
  EXPECT_EQ(sent.destination, peer_address);
  EXPECT_EQ(as_text(sent.bytes), "hello");

  bench.receive(sent.flow, peer_address, as_bytes("answer"));
  const auto received = bench.take().value();
  EXPECT_EQ(received.flow, connection);
  EXPECT_EQ(received.bytes, testing::hex("4000 0006 616e73776572 0000")) << "padded, as streams want it";
}

// RFC 8489 6.2.2: STUN alone, without any TURN.
TEST_F(StreamTest, AnswersBindingRequests) {
  connect();
  stun::BindingClient asker(
      bench.now, {.flow = connection, .server = {server_address, 3478}, .over_stream = true}, bench.random);
  bench.receive(connection, client_address, asker.poll_transmit().value().payload.bytes());
  asker.handle_datagram(bench.now, {connection, {server_address, 3478}, {}, bench.take().value().bytes});
  EXPECT_EQ(std::get<stun::MappedAddress>(asker.poll_event().value()).address, client_address);
}

TEST_F(StreamTest, TakesTheBytesCutAnywhere) {
  connect();
  client.allocate();
  client.bind(0x4000, peer_address);
  PacketBuffer channel = PacketBuffer::copy_of(as_bytes("hello")).value();
  turn::prepend_channel_data(channel, 0x4000, true);
  const PacketBuffer refresh = client.signed_request(Method::refresh);
  std::vector<std::byte> stream = testing::to_vector(channel.bytes());
  stream.insert(stream.end(), refresh.bytes().begin(), refresh.bytes().end());
  stream.insert(stream.end(), channel.bytes().begin(), channel.bytes().end());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    bench.receive(connection, client_address, Bytes(stream).first(cut));
    bench.receive(connection, client_address, Bytes(stream).subspan(cut));
    ASSERT_EQ(bench.sent.size(), 3u) << cut;
    EXPECT_EQ(as_text(bench.sent[0].bytes), "hello");
    EXPECT_EQ(Reply(bench.sent[1].bytes).code(), 0);
    EXPECT_EQ(as_text(bench.sent[2].bytes), "hello");
    bench.sent.clear();
  }
}

TEST_F(StreamTest, TakesTheChannelNumbersOfRfc5766) {
  connect();
  client.allocate();
  EXPECT_EQ(client.bind(0x7abc, peer_address), 0);
  client.send_channel(0x7abc, "hello", true);
  EXPECT_EQ(as_text(bench.take()->bytes), "hello");
}

TEST_F(StreamTest, LosesTheAllocationWithTheConnection) {
  connect();
  const FlowId flow = bench.flow_at(client.allocate().port);
  bench.change(connection, FlowClosed{});
  EXPECT_TRUE(bench.closed.contains(flow));
  EXPECT_EQ(bench.server.stats().allocations, 0u);
  EXPECT_EQ(bench.server.stats().connections, 0u);
  EXPECT_FALSE(bench.receive(connection, client_address, as_bytes("late")));
}

TEST_F(StreamTest, EndsWithoutAnAllocationInTime) {
  connect();
  EXPECT_EQ(bench.server.next_timeout(), bench.now + 30s);
  bench.advance(29s);
  client.fetch_nonce();
  bench.advance(1s - 1ns);
  EXPECT_EQ(bench.server.stats().connections, 1u) << "what comes meanwhile does not count";
  bench.advance(1ns);
  EXPECT_EQ(bench.server.stats().connections, 0u);
  EXPECT_TRUE(bench.closed.contains(connection));
  EXPECT_EQ(bench.server.stats().connections_dropped, 1u);
}

TEST_F(StreamTest, LastsWhileItHasAnAllocation) {
  connect();
  client.allocate();
  EXPECT_EQ(bench.server.next_timeout(), bench.now + 600s);
  bench.advance(500s);
  client.code_of(Method::refresh);
  bench.advance(500s);
  EXPECT_EQ(client.code_of(Method::refresh, [](auto& b) { b.lifetime(0); }), 0);
  EXPECT_EQ(bench.server.next_timeout(), bench.now + 30s);
  bench.advance(30s);
  EXPECT_EQ(bench.server.stats().connections, 0u);
}

TEST_F(StreamTest, EndsWhenItIsNoTurn) {
  connect();
  bench.receive(connection, client_address, testing::hex("16030102 00010001fc 0303"));  // TLS.
  EXPECT_TRUE(bench.closed.contains(connection));
  EXPECT_TRUE(bench.sent.empty());
}

TEST_F(StreamTest, EndsWhenAStrangerHoardsMemory) {
  connect();
  // ChannelData of 65,535 bytes is announced, and comes slowly.
  bench.receive(connection, client_address, testing::hex("4000 ffff"));
  const std::vector<std::byte> chunk(1000);
  for (int i = 0; i < 4; ++i) bench.receive(connection, client_address, chunk);
  EXPECT_EQ(bench.server.stats().connections, 1u);
  bench.receive(connection, client_address, chunk);
  EXPECT_EQ(bench.server.stats().connections, 0u);
}

TEST_F(StreamTest, HasALimitForAllAndForEachSource) {
  for (std::uint32_t i = 0; i < 10; ++i) bench.accept(nth(i), client_address);
  EXPECT_EQ(bench.server.stats().connections, 2u);
  for (std::uint8_t i = 0; i < 10; ++i) bench.accept(nth(20u + i), Endpoint::v4(203, 0, 113, i, 1));
  EXPECT_EQ(bench.server.stats().connections, 4u);
  EXPECT_EQ(bench.server.stats().connections_refused, 16u);
  EXPECT_EQ(bench.closed.size(), 16u);
  bench.advance(30s);
  bench.accept(nth(50), client_address);
  EXPECT_EQ(bench.server.stats().connections, 1u) << "room again";
}

TEST_F(StreamTest, DropsDataWhileItIsCongested) {
  connect();
  client.allocate();
  client.permit(peer_address);
  const FlowId flow = [&] {
    client.send_indication(peer_address, "x");
    return bench.take()->flow;
  }();
  bench.change(connection, FlowCongested{});
  bench.receive(flow, peer_address, as_bytes("lost"));
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_EQ(client.code_of(Method::refresh), 0) << "answers still go";
  bench.change(connection, FlowWritable{});
  bench.receive(flow, peer_address, as_bytes("again"));
  EXPECT_EQ(bench.sent.size(), 1u);
}

TEST_F(StreamTest, EndsWhenItsAnswersAreNotRead) {
  connect();
  client.allocate();
  bench.change(connection, FlowCongested{});
  for (std::size_t i = 0; i < Clients::max_unread_answers; ++i) EXPECT_EQ(client.code_of(Method::refresh), 0);
  EXPECT_FALSE(client.exchange(client.signed_request(Method::refresh)));
  EXPECT_EQ(bench.server.stats().connections, 0u);
  EXPECT_EQ(bench.server.stats().allocations, 0u);
}

TEST_F(StreamTest, RefusesConnectionsOfNoListener) {
  bench.accept(connection, client_address, FlowId{77});
  EXPECT_TRUE(bench.closed.contains(connection));
  EXPECT_EQ(bench.server.stats().connections, 0u);
}

// ---- TLS -----------------------------------------------------------------------------------

struct TlsTest : ::testing::Test {
  static constexpr std::int64_t today = 1'700'000'000;
  TlsTest() {
    bench.accept(connection, client_address);
    pump();
  }
  ServerConfig config() {
    ServerConfig config = stream_config(TransportProtocol::tls);
    config.identity = identity;
    return config;
  }
  // Carries bytes between the two until both are silent; what the client decrypts is kept.
  void pump() {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto packet = session.poll_packet()) {
        bench.receive(connection, client_address, packet->bytes());
        moved = true;
      }
      for (auto sent = bench.take(); sent; sent = bench.take()) {
        if (sent->flow != connection) {
          elsewhere.push_back(*std::move(sent));
          continue;
        }
        session.handle_bytes(bench.now, sent->bytes);
        moved = true;
      }
      while (auto event = session.poll_event()) {
        if (auto* data = std::get_if<tls::Data>(&*event)) {
          decrypted.insert(decrypted.end(), data->payload.bytes().begin(), data->payload.bytes().end());
        }
      }
    }
  }
  Reply exchange(const PacketBuffer& request) {
    session.send(bench.now, request.bytes()).value();
    pump();
    return Reply(std::exchange(decrypted, {}));
  }

  tls::ServerIdentity identity = tls::ServerIdentity::self_signed({"example.org"}, today).value();
  ServerBench bench{config()};
  tls::Connection session = tls::Connection::client(bench.now, {.server_name = "example.org",
                                                                .ca_pem = identity.certificate_pem(),
                                                                .use_system_roots = false,
                                                                .alpn = {"stun.turn"},
                                                                .unix_time = today})
                                .value();
  ScriptedClient client{bench, client_address, connection};
  std::vector<std::byte> decrypted;
  std::vector<Sent> elsewhere;
};

TEST_F(TlsTest, CarriesRequestsAndData) {
  ASSERT_TRUE(session.connected());
  client.nonce = exchange(client.plain(Method::allocate))->nonce().value();
  const auto udp = [](stun::Builder& b) { b.requested_transport(17); };
  EXPECT_EQ(exchange(client.signed_request(Method::allocate, udp)).code(), 0);
  const auto bind = [](stun::Builder& b) { b.channel_number(0x4000).xor_peer_address(peer_address); };
  EXPECT_EQ(exchange(client.signed_request(Method::channel_bind, bind)).code(), 0);

  PacketBuffer packet = PacketBuffer::copy_of(as_bytes("hello")).value();
  turn::prepend_channel_data(packet, 0x4000, true);
  session.send(bench.now, packet.bytes()).value();
  pump();
  ASSERT_EQ(elsewhere.size(), 1u);
  EXPECT_EQ(as_text(elsewhere[0].bytes), "hello");
  bench.receive(elsewhere[0].flow, peer_address, as_bytes("answer"));
  pump();
  EXPECT_EQ(decrypted, testing::hex("4000 0006 616e73776572 0000"));
}

TEST_F(TlsTest, AnswersBindingRequests) {
  EXPECT_EQ(exchange(client.plain(Method::binding))->xor_mapped_address(), client_address);
}

TEST_F(TlsTest, EndsWhenTheClientSaysSo) {
  session.close(bench.now);
  pump();
  EXPECT_TRUE(bench.closed.contains(connection));
  EXPECT_EQ(bench.server.stats().connections_dropped, 0u);
}

TEST_F(TlsTest, EndsInOrderAfterItsTime) {
  bench.advance(30s);
  EXPECT_TRUE(bench.closed.contains(connection));
  pump();
  EXPECT_FALSE(session.open()) << "close_notify came";
}

TEST_F(TlsTest, EndsWhenItIsNoTls) {
  const FlowId other{connection.value + 1};
  bench.accept(other, client_address);
  bench.receive(other, client_address, client.plain(Method::binding).bytes());
  EXPECT_TRUE(bench.closed.contains(other));
}

TEST_F(TlsTest, EndsWhenTheHandshakeDoesNot) {
  const FlowId other{connection.value + 1};
  bench.accept(other, client_address);
  bench.advance(30s);
  EXPECT_TRUE(bench.closed.contains(other));
  EXPECT_EQ(bench.server.stats().connections, 0u);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
