// TCP allocations (RFC 6062) in a world: our client, our server, and peers that know nothing of TURN.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "turn_server/peer_connections.hpp"
#include "turn_server/tcp_party.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

const Endpoint peer_at = Endpoint::v4(203, 0, 113, 9, 7000);

const tls::ServerIdentity& identity() {
  static const auto made =
      tls::ServerIdentity::self_signed({"turn.example"}, sim::World::wall_clock_epoch).value();
  return made;
}

ServerConfig server_config(TransportProtocol protocol) {
  ServerConfig config = test_config();
  config.listeners[0].protocol = protocol;
  config.timeouts.nonce = 3min;
  config.identity = identity();
  return config;
}

turn::ClientConfig client_config(TransportProtocol protocol, std::string user = "alice",
                                 std::string password = "wonderland") {
  turn::ClientConfig config;
  config.flow = FlowId{1};
  config.server = {server_address, 3478};
  config.protocol = protocol;
  config.credentials = {std::move(user), std::move(password)};
  config.server_name = "turn.example";
  config.tls.ca_pem = identity().certificate_pem();
  config.tls.use_system_roots = false;
  config.tls.unix_time = sim::World::wall_clock_epoch;
  return config;
}

struct TcpWorld {
  explicit TcpWorld(std::uint64_t seed, TransportProtocol protocol = TransportProtocol::tcp,
                    double loss_percent = 0, ServerConfig config = server_config(TransportProtocol::tcp))
      : world(seed, {.latency = 10ms, .loss_percent = loss_percent}),
        random(world.fork_random()),
        server(make(protocol, std::move(config))),
        alice(world, client_config(protocol)),
        bob(world, client_config(protocol, "bob", "builder")) {
    server_host = world.add_host({.name = "server", .addresses = {server_address}});
    world.attach(server_host, server);
    world.attach(world.add_host({.name = "peer", .addresses = {peer_at.address}}), peer);
    const auto home = world.add_nat(testing::NatConfig::symmetric(), {IpAddress::v4(198, 51, 100, 1)});
    for (TcpCaller* caller : {&alice, &bob}) {
      const auto last = static_cast<std::uint8_t>(caller == &alice ? 2 : 3);
      const auto host =
          world.add_host({.name = "home", .addresses = {IpAddress::v4(192, 168, 0, last)}, .site = home});
      world.attach(host, caller->allocation,
                   [caller](turn::TcpEvent& event) { caller->handle_event(event); });
    }
  }
  Server make(TransportProtocol protocol, ServerConfig config) {
    config.listeners[0].protocol = protocol;
    return Server::create(world.now(), std::move(config), random).value();
  }
  bool allocate() {
    return world.run_until([&] { return alice.relayed && bob.relayed; }, 60s);
  }
  bool open(turn::PeerStreamId id) {
    return world.run_until([&] { return alice.streams[id].open; }, 60s);
  }

  testing::Network world;
  testing::SeededRandom random;
  Server server;
  sim::HostId server_host{};
  StreamPeer peer{peer_at.port};
  TcpCaller alice;
  TcpCaller bob;
};

TEST(TurnTcpWorld, CarriesBytesToAPeerAndBackOverEverySeed) {
  const std::string text = counted(150'000);
  for (const TransportProtocol protocol : {TransportProtocol::tcp, TransportProtocol::tls}) {
    for (const unsigned loss : {0U, 3U}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", loss " + std::to_string(loss));
        TcpWorld test(seed, protocol, loss);
        test.peer.echoes = true;
        ASSERT_TRUE(test.allocate());
        const auto id = test.alice.connect(peer_at);
        test.alice.write(id, text);
        ASSERT_TRUE(test.world.run_until(
            [&] { return test.alice.streams[id].received.size() == text.size(); }, 600s));
        EXPECT_EQ(test.alice.streams[id].received, text);
        ASSERT_EQ(test.peer.flows.size(), 1u);
        EXPECT_EQ(test.peer.remotes.begin()->second, *test.alice.relayed) << "seen as the relayed address";

        test.alice.allocation.close(test.world.now(), id);
        ASSERT_TRUE(test.world.run_until(
            [&] { return test.peer.closed == 1 && test.server.stats().peer_connections == 0; }, 120s));
        EXPECT_FALSE(test.alice.lost);
      }
    }
  }
}

TEST(TurnTcpWorld, LetsPeersInThatHaveAPermission) {
  for (const TransportProtocol protocol : {TransportProtocol::tcp, TransportProtocol::tls}) {
    TcpWorld test(3, protocol, 2);
    test.peer.echoes = true;
    ASSERT_TRUE(test.allocate());
    test.peer.connect(*test.alice.relayed);
    ASSERT_TRUE(test.world.run_until([&] { return test.peer.closed + test.peer.failed == 1; }, 30s));
    EXPECT_EQ(test.alice.incoming(), nullptr);
    EXPECT_EQ(test.server.stats().packets_without_permission, 1u);

    ASSERT_TRUE(test.alice.allocation.permit(test.world.now(), peer_at.address));
    test.world.run_for(20min);  // It stands as long as it is wanted.
    test.peer.connect(*test.alice.relayed);
    ASSERT_TRUE(test.world.run_until([&] { return test.alice.incoming() != nullptr; }, 30s));
    const auto id = test.alice.streams.begin()->first;
    EXPECT_EQ(test.alice.incoming()->peer.address, peer_at.address);
    test.alice.write(id, "hello");
    ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[id].received == "hello"; }, 30s));

    test.alice.allocation.forbid(peer_at.address);
    test.world.run_for(6min);
    test.peer.connect(*test.alice.relayed);
    test.world.run_for(10s);
    EXPECT_EQ(test.alice.streams.size(), 1u);
    EXPECT_FALSE(test.alice.streams[id].failed) << "a connection outlives its permission";
  }
}

TEST(TurnTcpWorld, DeliversWhatAPeerSendsBeforeItIsBound) {
  TcpWorld test(4);
  ASSERT_TRUE(test.allocate());
  ASSERT_TRUE(test.alice.allocation.permit(test.world.now(), peer_at.address));
  test.world.run_for(1s);
  test.peer.connect(*test.alice.relayed);
  ASSERT_TRUE(test.world.run_until([&] { return test.peer.flows.size() == 1; }, 10s));
  const std::string text = counted(300'000);
  test.peer.write(test.peer.flows[0], text);
  test.peer.close(test.peer.flows[0]);
  ASSERT_TRUE(
      test.world.run_until([&] { return test.alice.incoming() && test.alice.incoming()->closed; }, 60s));
  EXPECT_EQ(test.alice.incoming()->received, text);
}

TEST(TurnTcpWorld, LeadsFromOneClientToAnother) {
  TcpWorld test(5);
  ASSERT_TRUE(test.allocate());
  ASSERT_TRUE(test.bob.allocation.permit(test.world.now(), server_address));
  test.world.run_for(1s);
  const auto id = test.alice.connect(*test.bob.relayed);
  test.alice.write(id, counted(50'000));
  ASSERT_TRUE(test.world.run_until(
      [&] { return test.bob.incoming() && test.bob.incoming()->received.size() == 50'000; }, 60s));
  EXPECT_EQ(test.bob.incoming()->received, counted(50'000));
  EXPECT_EQ(test.bob.incoming()->peer, *test.alice.relayed);
}

TEST(TurnTcpWorld, ReadsNoMoreThanASlowPeerTakes) {
  TcpWorld test(6);
  test.peer.reads = false;
  ASSERT_TRUE(test.allocate());
  const auto id = test.alice.connect(peer_at);
  const std::string text = counted(4'000'000);
  test.alice.write(id, text);
  test.world.run_for(60s);
  const std::uint64_t relayed = test.server.stats().bytes_to_peers;
  EXPECT_GT(relayed, 64'000u);
  // What the peer's window took, what makes the server's own stream congested, and what was under way.
  EXPECT_LT(relayed, 400'000u);
  EXPECT_LT(test.alice.streams[id].written, 1'200'000u);
  test.world.run_for(600s);
  EXPECT_EQ(test.server.stats().bytes_to_peers, relayed);

  test.peer.resume(test.peer.flows.at(0));
  ASSERT_TRUE(test.world.run_until(
      [&] { return test.peer.received[test.peer.flows[0]].size() == text.size(); }, 600s));
  EXPECT_EQ(test.peer.received[test.peer.flows[0]], text);
}

TEST(TurnTcpWorld, ReadsNoMoreThanASlowClientTakes) {
  for (const TransportProtocol protocol : {TransportProtocol::tcp, TransportProtocol::tls}) {
    TcpWorld test(7, protocol);
    const std::string text = counted(4'000'000);
    test.peer.greeting = text;
    test.peer.hangs_up = true;
    test.alice.reads = false;
    ASSERT_TRUE(test.allocate());
    const auto id = test.alice.connect(peer_at);
    test.world.run_for(60s);
    EXPECT_LT(test.server.stats().bytes_to_clients, 1'500'000u);
    EXPECT_FALSE(test.alice.streams[id].closed);

    test.alice.reads = true;
    test.alice.read(id);
    ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[id].closed; }, 600s));
    EXPECT_EQ(test.alice.streams[id].received, text) << "the end came behind the last byte";
  }
}

TEST(TurnTcpWorld, SaysWhyAPeerIsNotReached) {
  TcpWorld test(8);
  ASSERT_TRUE(test.allocate());
  const auto forbidden = test.alice.connect(Endpoint::v4(10, 0, 0, 1, 80));
  const auto refused = test.alice.connect({peer_at.address, 7001});
  const auto silent = test.alice.connect(Endpoint::v4(203, 0, 113, 77, 80));
  const auto own_port = test.alice.connect({server_address, 3478});
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[refused].failed.has_value(); }, 10s));
  EXPECT_EQ(test.alice.streams[refused].failed->error, turn::Errc::connection_failed);
  EXPECT_EQ(test.alice.streams[refused].failed->code, 447);
  EXPECT_EQ(test.alice.streams[refused].failed->detail,
            "447 from turn.example: the TURN server could not connect to the peer");
  for (const auto id : {forbidden, own_port}) {
    ASSERT_TRUE(test.alice.streams[id].failed);
    EXPECT_EQ(test.alice.streams[id].failed->error, turn::Errc::permission_refused);
  }
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[silent].failed.has_value(); }, 35s));
  EXPECT_EQ(test.alice.streams[silent].failed->code, 447);
  EXPECT_EQ(test.server.stats().peer_connections, 0u);

  const auto first = test.alice.connect(peer_at);
  ASSERT_TRUE(test.open(first));
  const auto second = test.alice.connect(peer_at);
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[second].failed.has_value(); }, 10s));
  EXPECT_EQ(test.alice.streams[second].failed->error, turn::Errc::connection_exists);
  EXPECT_FALSE(test.alice.streams[first].failed);
}

TEST(TurnTcpWorld, LastsThroughRefreshesAndStaleNonces) {
  TcpWorld test(9, TransportProtocol::tls);
  test.peer.echoes = true;
  ASSERT_TRUE(test.allocate());
  const auto id = test.alice.connect(peer_at);
  ASSERT_TRUE(test.open(id));
  test.world.run_for(70min);
  test.alice.write(id, "still here");
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[id].received == "still here"; }, 10s));
  const auto later = test.alice.connect(Endpoint::v4(203, 0, 113, 9, 7000));
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[later].failed.has_value(); }, 10s));
  EXPECT_EQ(test.server.stats().allocations_made, 2u);
  EXPECT_FALSE(test.alice.lost);
}

TEST(TurnTcpWorld, EndsWithItsServer) {
  TcpWorld test(10);
  ASSERT_TRUE(test.allocate());
  const auto id = test.alice.connect(peer_at);
  ASSERT_TRUE(test.open(id));
  test.world.detach(&test.server);  // As when its process is killed.
  test.alice.write(id, "anybody?");
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.lost.has_value(); }, 60s));
  EXPECT_EQ(test.alice.lost->error, turn::Errc::connection_closed);
  EXPECT_TRUE(test.alice.streams[id].failed || test.alice.streams[id].closed);
  EXPECT_EQ(test.alice.allocation.connect(test.world.now(), peer_at).error(), petrel::Errc::closed);

  // It comes back, and whoever asks again gets an allocation.
  Server again = test.make(TransportProtocol::tcp, server_config(TransportProtocol::tcp));
  test.world.attach(test.server_host, again);
  TcpCaller next(test.world, client_config(TransportProtocol::tcp));
  test.world.attach(test.world.add_host({.name = "next"}), next.allocation,
                    [&](turn::TcpEvent& event) { next.handle_event(event); });
  EXPECT_TRUE(test.world.run_until([&] { return next.relayed.has_value(); }, 60s));
  next.allocation.close(test.world.now());
  test.world.run_for(1s);
  EXPECT_EQ(again.stats().allocations, 0u);
  test.world.detach(&next.allocation);
  test.world.detach(&again);
}

TEST(TurnTcpWorld, GivesUpAConnectionThatNobodyBinds) {
  TcpWorld test(11);
  ASSERT_TRUE(test.allocate());
  // Alice's way to the server lets no further connection through.
  const auto opened = test.world.now();
  test.world.set_tap([&](std::uint64_t, const testing::Packet& packet) {
    const bool is_from_home = packet.source.address == IpAddress::v4(192, 168, 0, 2);
    return testing::Fate{.drop = is_from_home && packet.tcp.syn};
  });
  const auto id = test.alice.connect(peer_at);
  ASSERT_TRUE(test.world.run_until([&] { return test.peer.closed == 1; }, 60s));
  EXPECT_GT(test.world.now() - opened, 30s);
  EXPECT_LT(test.world.now() - opened, 31s);
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.streams[id].failed.has_value(); }, 2s));
  EXPECT_EQ(test.alice.streams[id].failed->error, turn::Errc::timed_out);
  EXPECT_EQ(test.server.stats().peer_connections, 0u);
}

TEST(TurnTcpWorld, NeedsAServerThatRelaysTcp) {
  ServerConfig config = server_config(TransportProtocol::tcp);
  config.tcp_relays = false;
  TcpWorld test(12, TransportProtocol::tcp, 0, std::move(config));
  ASSERT_TRUE(test.world.run_until([&] { return test.alice.lost.has_value(); }, 10s));
  EXPECT_EQ(test.alice.lost->error, turn::Errc::transport_unsupported);
  EXPECT_EQ(test.alice.lost->detail,
            "442 from turn.example after our credentials: it does not relay this transport");
}

TEST(TurnTcpWorld, RunsTheSameTwiceFromOneSeed) {
  const auto hash = [] {
    TcpWorld test(13, TransportProtocol::tcp, 5);
    test.peer.echoes = true;
    EXPECT_TRUE(test.allocate());
    test.alice.write(test.alice.connect(peer_at), counted(50'000));
    test.world.run_for(60s);
    return test.world.trace_hash();
  };
  EXPECT_EQ(hash(), hash());
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
