#include "turn_server/discovery.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {
namespace {

using stun::ChangeRequest;
using stun::Method;

const Endpoint primary{server_address, 3478};
const Endpoint alternate = Endpoint::v4(192, 0, 2, 2, 3479);

ServerConfig config() {
  ServerConfig made = test_config();
  made.alternate = alternate;
  return made;
}

struct DiscoveryTest : ::testing::Test {
  ServerBench bench{config()};
  ScriptedClient client{bench};

  FlowId flow_at(const Endpoint& local) const {
    for (const auto& [flow, bound] : bench.bound) {
      if (bound == local) return flow;
    }
    return {};
  }
  std::optional<Sent> ask(const Endpoint& at, std::optional<ChangeRequest> change = {},
                          std::uint16_t port = 0) {
    const PacketBuffer request = client.plain(Method::binding, [&](auto& builder) {
      if (change) builder.change_request(*change);
      if (port != 0) builder.response_port(port);
    });
    bench.receive(flow_at(at), client_address, request.bytes());
    return bench.take();
  }
};

TEST_F(DiscoveryTest, OpensFourSockets) {
  EXPECT_EQ(bench.bound.size(), 4u);
  for (const Endpoint& local :
       {primary, Endpoint{primary.address, 3479}, Endpoint{alternate.address, 3478}, alternate}) {
    EXPECT_NE(flow_at(local), FlowId{}) << local.to_string();
  }
  EXPECT_TRUE(std::holds_alternative<ListenerOpened>(*bench.server.poll_event()));
  EXPECT_EQ(std::get<AlternateOpened>(*bench.server.poll_event()).alternate, alternate);
}

// Every socket, asked for every change, answers from where it was asked to.
TEST_F(DiscoveryTest, AnswersFromWhereItIsAskedTo) {
  for (const bool at_other_address : {false, true}) {
    for (const bool at_other_port : {false, true}) {
      const auto socket = [](bool address, bool port) {
        return Endpoint{address ? alternate.address : primary.address, port ? alternate.port : primary.port};
      };
      const Endpoint at = socket(at_other_address, at_other_port);
      const Endpoint other = socket(!at_other_address, !at_other_port);
      for (const ChangeRequest change : {ChangeRequest{}, {.address = true}, {.port = true}, {true, true}}) {
        const auto sent = ask(at, change);
        ASSERT_TRUE(sent);
        const Endpoint origin = socket(at_other_address != change.address, at_other_port != change.port);
        EXPECT_EQ(sent->flow, flow_at(origin));
        EXPECT_EQ(sent->destination, client_address);
        const Reply reply(sent->bytes);
        EXPECT_EQ(reply.code(), 0);
        EXPECT_EQ(reply->xor_mapped_address(), client_address);
        EXPECT_EQ(reply->response_origin(), origin);
        EXPECT_EQ(reply->other_address(), other);
      }
      EXPECT_EQ(ask(at)->flow, flow_at(at)) << "without CHANGE-REQUEST";
    }
  }
}

TEST_F(DiscoveryTest, AnswersToAnotherPortButNeverToAnotherAddress) {
  const auto sent = ask(primary, {}, 5555);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->flow, flow_at(primary));
  EXPECT_EQ(sent->destination, (Endpoint{client_address.address, 5555}));
  EXPECT_EQ(Reply(sent->bytes)->xor_mapped_address(), client_address);
}

TEST_F(DiscoveryTest, IsNoLouderThanTwiceTheQuestion) {
  const PacketBuffer request = client.plain(Method::binding);
  const auto sent = ask(primary);
  constexpr std::size_t headers = 28;
  EXPECT_LE(sent->bytes.size() + headers, (request.size() + headers) * 2);
}

TEST_F(DiscoveryTest, CountsAgainstTheSameAllowance) {
  std::size_t answers = 0;
  for (int i = 0; i < 1000; ++i)
    answers += ask(i % 2 == 0 ? primary : alternate, ChangeRequest{.port = true}) ? 1u : 0u;
  EXPECT_EQ(answers, 100u);
  EXPECT_EQ(bench.server.stats().rate_limited, 900u);
}

TEST_F(DiscoveryTest, ServesNoRelayAtTheOtherThree) {
  const PacketBuffer request =
      client.plain(Method::allocate, [](auto& builder) { builder.requested_transport(17); });
  bench.receive(flow_at(alternate), client_address, request.bytes());
  EXPECT_FALSE(bench.take());
  EXPECT_EQ(bench.server.stats().unexpected, 1u);
  EXPECT_EQ(client.allocate().port / 100, 500) << "the listener itself still does";
}

TEST_F(DiscoveryTest, NamesWhatItDoesNotKnow) {
  const PacketBuffer request = client.plain(Method::binding, [](auto& builder) {
    builder.change_request({.port = true}).attribute(stun::AttributeType{0x0026}, {});
  });
  bench.receive(flow_at(alternate), client_address, request.bytes());
  const auto sent = bench.take();
  EXPECT_EQ(sent->flow, flow_at(alternate)) << "an error comes from where the question went";
  const Reply reply(sent->bytes);
  EXPECT_EQ(reply.code(), 420);
  ASSERT_EQ(reply->unknown_attributes()->size(), 1u);
  EXPECT_EQ((*reply->unknown_attributes())[0], stun::AttributeType{0x0026});
}

TEST_F(DiscoveryTest, ClosesItsSockets) {
  bench.server.close(bench.now);
  bench.settle();
  EXPECT_TRUE(bench.bound.empty());
}

TEST(Discovery, RefusesChangesWithoutAnAlternate) {
  ServerBench bench;
  ScriptedClient client(bench);
  const Reply reply = client
                          .exchange(client.plain(Method::binding,
                                                 [](auto& builder) {
                                                   builder.change_request({.port = true}).response_port(99);
                                                 }))
                          .value();
  EXPECT_EQ(reply.code(), 420);
  EXPECT_EQ(reply->unknown_attributes()->size(), 2u);
  EXPECT_FALSE(reply->other_address());
  const Reply plain = client.exchange(client.plain(Method::binding)).value();
  EXPECT_FALSE(plain->other_address() || plain->response_origin());
}

TEST(Discovery, RefusesChangesOverStreams) {
  ServerConfig made = config();
  made.listeners.push_back({{server_address, 3478}, TransportProtocol::tcp});
  ServerBench bench(made);
  constexpr FlowId connection{first_accepted_flow.value};
  bench.accept(connection, client_address, FlowId{2});
  ScriptedClient client(bench, client_address, connection);
  EXPECT_EQ(client.exchange(client.plain(Method::binding, [](auto& b) { b.change_request({}); }))->code(),
            420);
  const Reply plain = client.exchange(client.plain(Method::binding)).value();
  EXPECT_EQ(plain->xor_mapped_address(), client_address);
  EXPECT_FALSE(plain->other_address());
}

TEST(Discovery, LeavesTheListenerAloneWhenASocketFails) {
  testing::SeededRandom random(1);
  Server server = Server::create({}, config(), random).value();
  std::vector<BindUdp> binds;
  std::vector<FlowId> closed;
  const auto requests = [&] {
    while (const auto request = server.poll_request()) {
      if (const auto* bind = std::get_if<BindUdp>(&*request)) binds.push_back(*bind);
      if (const auto* close = std::get_if<CloseFlow>(&*request)) closed.push_back(close->flow);
    }
  };
  requests();
  server.handle_flow({}, binds.at(0).flow, FlowOpened{primary});
  requests();
  server.handle_flow({}, binds.at(1).flow, FlowOpened{alternate});
  requests();
  ASSERT_EQ(binds.size(), 4u);
  server.handle_flow({}, binds[2].flow, FlowFailed{petrel::make_error_code(petrel::Errc::busy)});
  requests();
  EXPECT_TRUE(std::holds_alternative<ListenerOpened>(*server.poll_event()));
  EXPECT_EQ(std::get<AlternateFailed>(*server.poll_event()).error, petrel::Errc::busy);
  EXPECT_EQ(closed, (std::vector{binds[3].flow, binds[1].flow}));
}

TEST(Discovery, TakesAnyPortAndNamesTheOthersAfterIt) {
  ServerConfig made = config();
  made.listeners[0].local.port = 0;
  made.alternate->port = 0;
  testing::SeededRandom random(1);
  Server server = Server::create({}, made, random).value();
  const auto bind = [&] { return std::get<BindUdp>(server.poll_request().value()); };
  const BindUdp first = bind();
  server.handle_flow({}, first.flow, FlowOpened{{server_address, 1111}});
  const BindUdp both = bind();
  EXPECT_EQ(both.local, (Endpoint{alternate.address, 0}));
  server.handle_flow({}, both.flow, FlowOpened{{alternate.address, 2222}});
  EXPECT_EQ(bind().local, (Endpoint{server_address, 2222}));
  EXPECT_EQ(bind().local, (Endpoint{alternate.address, 1111}));
}

}  // namespace
}  // namespace petrel::inline v0::turn_server
