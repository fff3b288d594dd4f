#include "petrel/turn_server/server.hpp"

#include <gtest/gtest.h>

#include "petrel/net/protocol_core.hpp"
#include "petrel/turn/client.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using namespace std::chrono_literals;

static_assert(FlowCore<Server>);

TEST(Server, RefusesAConfigurationThatCannotWork) {
  testing::SeededRandom random(1);
  const auto server = Server::create({}, {}, random);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(), Errc::no_listener);
}

TEST(Server, MovesWithEverythingItHas) {
  ServerBench bench;
  ScriptedClient client(bench);
  client.allocate();
  Server moved = std::move(bench.server);
  EXPECT_EQ(moved.stats().allocations, 1u);
  bench.server = std::move(moved);
  EXPECT_EQ(client.code_of(stun::Method::refresh), 0);
}

// Our client and our server, over a wire that loses nothing.
struct TogetherTest : ::testing::Test {
  turn::Client make(TransportProtocol protocol, FlowId flow, const Endpoint& at) {
    turn::ClientConfig config;
    config.flow = flow;
    config.server = {server_address, 3478};
    config.protocol = protocol;
    config.credentials = {"alice", "wonderland"};
    local[flow] = at;
    return turn::Client(bench.now, config, bench.random);
  }
  // To the server and back until both are silent.
  void pump(turn::Client& client, FlowId client_flow, FlowId server_flow) {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto transmit = client.poll_transmit()) {
        bench.receive(server_flow, local.at(client_flow), transmit->payload.bytes());
        moved = true;
      }
      for (auto sent = bench.take(); sent; sent = bench.take()) {
        if (sent->flow != server_flow) {
          to_peers.push_back(*std::move(sent));
          continue;
        }
        client.handle_datagram(bench.now,
                               {client_flow, {server_address, 3478}, local.at(client_flow), sent->bytes});
        moved = true;
      }
    }
  }
  template <class Wanted>
  static std::optional<Wanted> next(turn::Client& client) {
    while (auto event = client.poll_event()) {
      if (auto* wanted = std::get_if<Wanted>(&*event)) return std::move(*wanted);
    }
    return std::nullopt;
  }
  void talk(turn::Client& client, FlowId client_flow, FlowId server_flow) {
    pump(client, client_flow, server_flow);
    const auto allocated = next<turn::Allocated>(client);
    ASSERT_TRUE(allocated);
    EXPECT_EQ(allocated->relayed.at(0).address, server_address);
    client.send(bench.now, peer_address, PacketBuffer::copy_of(as_bytes("hello")).value()).value();
    pump(client, client_flow, server_flow);
    // By now there may be a channel.
    client.send(bench.now, peer_address, PacketBuffer::copy_of(as_bytes("again")).value()).value();
    pump(client, client_flow, server_flow);
    ASSERT_EQ(to_peers.size(), 2u);
    EXPECT_EQ(as_text(to_peers[0].bytes), "hello");
    EXPECT_EQ(as_text(to_peers[1].bytes), "again");
    bench.receive(to_peers[0].flow, peer_address, as_bytes("answer"));
    pump(client, client_flow, server_flow);
    const auto received = next<turn::Received>(client);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->peer, peer_address);
    EXPECT_EQ(as_text(received->payload.bytes()), "answer");
    client.close(bench.now);
    pump(client, client_flow, server_flow);
    EXPECT_EQ(bench.server.stats().allocations, 0u);
  }

  static ServerConfig config() {
    ServerConfig config = test_config();
    config.listeners.push_back({{server_address, 3478}, TransportProtocol::tcp});
    return config;
  }
  ServerBench bench{config()};
  std::map<FlowId, Endpoint> local;
  std::vector<Sent> to_peers;
};

TEST_F(TogetherTest, OurClientTalksOverUdp) {
  turn::Client client = make(TransportProtocol::udp, FlowId{9}, client_address);
  talk(client, FlowId{9}, first_listener);
}

TEST_F(TogetherTest, OurClientTalksOverTcp) {
  const FlowId accepted{first_accepted_flow.value + 1};
  turn::Client client = make(TransportProtocol::tcp, FlowId{9}, client_address);
  bench.accept(accepted, client_address, FlowId{2});
  talk(client, FlowId{9}, accepted);
}

TEST_F(TogetherTest, OurClientLearnsThatItsPasswordIsWrong) {
  turn::Client client = [&] {
    turn::ClientConfig config;
    config.flow = FlowId{9};
    config.server = {server_address, 3478};
    config.credentials = {"alice", "looking-glass"};
    local[config.flow] = client_address;
    return turn::Client(bench.now, config, bench.random);
  }();
  pump(client, FlowId{9}, first_listener);
  const auto lost = next<turn::Lost>(client);
  ASSERT_TRUE(lost);
  EXPECT_EQ(client.report().last_error_code, 401);
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
