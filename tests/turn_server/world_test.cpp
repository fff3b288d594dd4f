// The server in a world that loses packets, with our own client: what must hold for whole minutes.

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "petrel/turn/client.hpp"
#include "support/network.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

const tls::ServerIdentity& identity() {
  static const auto made =
      tls::ServerIdentity::self_signed({"turn.example"}, sim::World::wall_clock_epoch).value();
  return made;
}

// One who calls: a turn::Client with its flow, which sends what it is told and counts what comes.
class Caller {
 public:
  using Event = turn::ClientEvent;

  Caller(testing::Network& world, TransportProtocol protocol)
      : protocol_(protocol), random_(world.fork_random()) {
    const Endpoint any{IpAddress::v4(0, 0, 0, 0), 0};
    if (protocol == TransportProtocol::udp || protocol == TransportProtocol::dtls) {
      request_ = BindUdp{flow, any};
    } else {
      request_ = Connect{flow, any, {server_address, 3478}};
    }
  }

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    return client && client->handle_datagram(now, datagram);
  }
  void handle_flow(TimePoint now, FlowId changed, const FlowChange& change) {
    if (client) return client->handle_flow(now, changed, change);
    if (!std::holds_alternative<FlowOpened>(change)) return;
    turn::ClientConfig config;
    config.flow = flow;
    config.server = {server_address, 3478};
    config.protocol = protocol_;
    config.credentials = {"alice", "wonderland"};
    config.server_name = "turn.example";
    config.tls.ca_pem = identity().certificate_pem();
    config.tls.use_system_roots = false;
    config.tls.unix_time = sim::World::wall_clock_epoch;
    client.emplace(now, config, random_);
  }
  void handle_timeout(TimePoint now) {
    if (client) client->handle_timeout(now);
  }
  std::optional<TimePoint> next_timeout() const { return client ? client->next_timeout() : std::nullopt; }
  std::optional<IoRequest> poll_request() { return std::exchange(request_, std::nullopt); }
  std::optional<Transmit> poll_transmit() { return client ? client->poll_transmit() : std::nullopt; }
  std::optional<Event> poll_event() { return client ? client->poll_event() : std::nullopt; }

  void handle_event(const Event& event) {
    if (const auto* allocated = std::get_if<turn::Allocated>(&event)) relayed = allocated->relayed.at(0);
    if (std::holds_alternative<turn::Received>(event)) ++received;
    if (std::holds_alternative<turn::Lost>(event)) lost = true;
  }
  void send(TimePoint now, const Endpoint& peer) {
    static_cast<void>(client->send(now, peer, PacketBuffer::copy_of(as_bytes("hello")).value()));
  }

  static constexpr FlowId flow{1};
  std::optional<turn::Client> client;
  std::optional<Endpoint> relayed;
  int received = 0;
  bool lost = false;

 private:
  TransportProtocol protocol_;
  testing::SeededRandom random_;
  std::optional<IoRequest> request_;
};

struct WorldTest {
  WorldTest(std::uint64_t seed, TransportProtocol protocol, double loss_percent)
      : world(seed, {.latency = 20ms, .loss_percent = loss_percent}),
        random(world.fork_random()),
        server(Server::create(world.now(), config(protocol), random).value()),
        alice(world, protocol),
        bob(world, protocol) {
    // Lossy lines lead to the homes and from them; the server's own, also from relay to relay, is good.
    const testing::LinkConfig good{.latency = 20ms};
    const testing::LinkConfig bad{.latency = 0ms, .loss_percent = loss_percent};
    world.attach(world.add_host({.name = "server", .addresses = {server_address}, .uplink = good}), server);
    for (Caller* caller : {&alice, &bob}) {
      const IpAddress outside = IpAddress::v4(203, 0, 113, caller == &alice ? 1 : 2);
      const auto home = world.add_nat(testing::NatConfig::symmetric(), {outside});
      const auto host = world.add_host(
          {.name = "home", .addresses = {IpAddress::v4(192, 168, 0, 2)}, .site = home, .downlink = bad});
      world.attach(host, *caller, [caller](const turn::ClientEvent& event) { caller->handle_event(event); });
    }
  }
  static ServerConfig config(TransportProtocol protocol) {
    ServerConfig config = test_config();
    config.listeners[0].protocol = protocol;
    config.timeouts.nonce = 3min;
    config.identity = identity();
    return config;
  }
  bool allocate() {
    return world.run_until([&] { return alice.relayed && bob.relayed; }, 60s);
  }
  // Ten packets a second each way.
  void talk(Duration duration) {
    for (Duration done{0}; done < duration; done += 100ms) {
      alice.send(world.now(), *bob.relayed);
      bob.send(world.now(), *alice.relayed);
      world.run_for(100ms);
    }
  }

  testing::Network world;
  testing::SeededRandom random;
  Server server;
  Caller alice;
  Caller bob;
};

TEST(TurnServerWorld, KeepsACallUpOverUdpWithLossThroughEveryRefresh) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    WorldTest test(seed, TransportProtocol::udp, 10);
    ASSERT_TRUE(test.allocate()) << "seed " << seed;
    test.talk(5s);
    test.alice.received = test.bob.received = 0;
    test.talk(12min);  // Longer than permissions, channels, nonces and allocations live.
    EXPECT_FALSE(test.alice.lost || test.bob.lost) << "seed " << seed;
    // Two lines of 10 % loss each, on 7,200 packets.
    EXPECT_GT(test.alice.received, 7'200 * 3 / 4) << "seed " << seed;
    EXPECT_GT(test.bob.received, 7'200 * 3 / 4) << "seed " << seed;
    EXPECT_EQ(test.server.stats().allocations, 2u);
    EXPECT_EQ(test.server.stats().allocations_made, 2u) << "a request that came twice made one allocation";
  }
}

TEST(TurnServerWorld, KeepsACallUpOverDtlsWithLossThroughEveryRefresh) {
  WorldTest test(3, TransportProtocol::dtls, 5);
  ASSERT_TRUE(test.allocate());
  test.talk(5s);
  test.alice.received = test.bob.received = 0;
  test.talk(12min);
  EXPECT_FALSE(test.alice.lost || test.bob.lost);
  EXPECT_GT(test.alice.received, 7'200 * 3 / 4);
  EXPECT_GT(test.bob.received, 7'200 * 3 / 4);
  EXPECT_EQ(test.server.stats().connections, 2u);
  EXPECT_EQ(test.server.stats().allocations_made, 2u);
  test.alice.client->close(test.world.now());
  test.world.run_for(10s);
  EXPECT_EQ(test.server.stats().allocations, 1u);
}

TEST(TurnServerWorld, KeepsACallUpOverTcpAndLosesNothing) {
  WorldTest test(7, TransportProtocol::tcp, 2);
  ASSERT_TRUE(test.allocate());
  test.talk(5s);
  const int before = test.bob.received;
  test.talk(10min);
  test.world.run_for(5s);
  EXPECT_FALSE(test.alice.lost || test.bob.lost);
  EXPECT_NEAR(test.bob.received - before, 6'000, 20) << "but for what was on its way";
  test.alice.client->close(test.world.now());
  test.world.detach(&test.alice);
  test.world.run_for(60s);
  EXPECT_EQ(test.server.stats().connections, 1u);
  EXPECT_EQ(test.server.stats().allocations, 1u);
}

TEST(TurnServerWorld, LetsGoOfAClientThatVanished) {
  WorldTest test(9, TransportProtocol::udp, 0);
  ASSERT_TRUE(test.allocate());
  test.world.detach(&test.bob);
  test.world.run_for(599s);
  EXPECT_EQ(test.server.stats().allocations, 2u);
  test.world.run_for(2s);
  EXPECT_EQ(test.server.stats().allocations, 1u) << "the other one has refreshed his";
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
