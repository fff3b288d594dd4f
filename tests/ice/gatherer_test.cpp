#include "ice/gatherer.hpp"

#include <gtest/gtest.h>

#include "ice/fake_stun_server.hpp"
#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::NatConfig;
using testing::alice_ip;
using testing::FakeStunServer;
using testing::HostId;
using testing::Network;
using testing::Party;
using testing::SeededRandom;

const IpAddress server_ip = IpAddress::v4(198, 51, 100, 1);

// Alice behind a NAT, and a STUN server outside.
struct Home {
  explicit Home(AgentConfig config)
      : host(network.add_host({.name = "alice",
                               .addresses = {inside},
                               .site = network.add_nat(NatConfig::port_restricted(), {outside})})),
        server_host(network.add_host({.name = "server", .addresses = {server_ip}})),
        server(server_ip),
        alice(network, host, {inside}, config) {
    network.add_name("stun.example", {server_ip});
    network.attach(server_host, server);
  }
  ~Home() { network.detach(&server); }

  const IpAddress inside = IpAddress::v4(192, 168, 0, 2);
  const IpAddress outside = IpAddress::v4(203, 0, 113, 1);
  Network network{1};
  HostId host;
  HostId server_host;
  FakeStunServer server;
  Party alice;
};

TEST(Gatherer, IsDoneWithHostCandidatesAsSoonAsTheSocketsAreBound) {
  Home home({});
  home.alice.gather();
  home.network.run_for(0ns);

  EXPECT_TRUE(home.alice.gathered());
  ASSERT_EQ(home.alice.candidates().size(), 1u);
  const Candidate& candidate = home.alice.candidates()[0];
  EXPECT_EQ(candidate.type, CandidateType::host);
  EXPECT_EQ(candidate.endpoint.address, home.inside);
  EXPECT_NE(candidate.endpoint.port, 0);
  EXPECT_EQ(candidate.priority, 2130706431u);
  EXPECT_EQ(candidate.ufrag, home.alice.agent().local_credentials(home.alice.stream()).ufrag);
}

TEST(Gatherer, FindsTheAddressOutsideOfTheNat) {
  for (const std::string_view server : {"198.51.100.1", "stun.example"}) {
    Home home({.stun_servers = {{std::string(server)}}});
    home.alice.gather();
    ASSERT_TRUE(home.network.run_until([&] { return home.alice.gathered(); }, 1s)) << server;

    ASSERT_EQ(home.alice.candidates().size(), 2u);
    const Candidate& reflexive = home.alice.candidates()[1];
    EXPECT_EQ(reflexive.type, CandidateType::server_reflexive);
    EXPECT_EQ(reflexive.endpoint.address, home.outside);
    EXPECT_EQ(reflexive.related, home.alice.candidates()[0].endpoint);
    EXPECT_NE(reflexive.foundation, home.alice.candidates()[0].foundation);
    EXPECT_LT(reflexive.priority, home.alice.candidates()[0].priority);
  }
}

TEST(Gatherer, DropsAReflexiveCandidateThatTheHostHasItself) {
  Network network(1);
  const HostId host = network.add_host({.name = "alice", .addresses = {alice_ip}});
  const HostId server_host = network.add_host({.name = "server", .addresses = {server_ip}});
  FakeStunServer server(server_ip);
  network.attach(server_host, server);
  Party alice(network, host, {alice_ip}, {.stun_servers = {{"198.51.100.1"}}});
  alice.gather();

  ASSERT_TRUE(network.run_until([&] { return alice.gathered(); }, 1s));
  EXPECT_EQ(alice.candidates().size(), 1u);
}

TEST(Gatherer, GivesUpSilentServersAtTheLimit) {
  Home home({.stun_servers = {{"198.51.100.1"}}});
  home.server.silent = true;
  home.alice.gather();

  home.network.run_for(9'500ms - 1ns);
  EXPECT_FALSE(home.alice.gathered());
  EXPECT_EQ(home.alice.candidates().size(), 1u);  // Told at once all the same.
  home.network.run_for(1ns);
  EXPECT_TRUE(home.alice.gathered());
  EXPECT_EQ(home.alice.agent().stats().servers_unanswered, 1u);
}

TEST(Gatherer, IsDoneWhenAServersNameHasNoAddress) {
  Home home({.stun_servers = {{"nowhere.example"}}});
  home.alice.gather();
  EXPECT_TRUE(home.network.run_until([&] { return home.alice.gathered(); }, 1s));
  EXPECT_EQ(home.alice.agent().stats().servers_unanswered, 1u);
}

TEST(Gatherer, AsksFourServersAtMostAndPacesThem) {
  AgentConfig config;
  for (int i = 0; i < 10; ++i) config.stun_servers.push_back({"198.51.100.1"});
  Home home(config);
  home.server.silent = true;
  unsigned sent = 0;
  home.network.set_tap([&](std::uint64_t, const petrel::testing::Packet&) {
    ++sent;
    return petrel::testing::Fate{};
  });
  home.alice.gather();
  home.network.run_for(1ms);
  EXPECT_EQ(sent, 1u);
  home.network.run_for(400ms);
  EXPECT_EQ(sent, 4u);
}

TEST(Gatherer, IsDoneWithoutAnyInterface) {
  Network network(1);
  const HostId host = network.add_host({.name = "alice", .addresses = {alice_ip}});
  Party alice(network, host, {}, {});
  alice.gather();
  network.run_for(0ns);
  EXPECT_TRUE(alice.gathered());
  EXPECT_TRUE(alice.candidates().empty());
}

TEST(Gatherer, WaitsForTheInterfaces) {
  SeededRandom random(1);
  Agent agent({}, {}, random);
  agent.add_stream({});
  agent.gather({});
  EXPECT_FALSE(agent.poll_request());
  EXPECT_FALSE(agent.poll_event());

  const LocalAddress address{alice_ip, "eth0"};
  agent.handle_interfaces({}, {&address, 1});

  const auto request = agent.poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<BindUdp>(*request).local, (Endpoint{alice_ip, 0}));
}

TEST(Gatherer, GoesOnWithoutASocketThatCannotBeBound) {
  SeededRandom random(1);
  Agent agent({}, {}, random);
  const StreamId stream = agent.add_stream({});
  const LocalAddress addresses[] = {{alice_ip, "eth0"}, {testing::bob_ip, "eth1"}};
  agent.handle_interfaces({}, addresses);
  agent.gather({});
  agent.handle_flow({}, FlowId{1}, FlowFailed{make_error_code(petrel::Errc::invalid_argument)});
  agent.handle_flow({}, FlowId{2}, FlowOpened{{testing::bob_ip, 5000}});

  EXPECT_TRUE(std::holds_alternative<CandidateGathered>(agent.poll_event().value()));
  EXPECT_TRUE(std::holds_alternative<GatheringDone>(agent.poll_event().value()));
  EXPECT_EQ(agent.local_candidates(stream).size(), 1u);
  EXPECT_EQ(agent.stats().sockets_failed, 1u);
}

TEST(Gatherer, BindsOnlyNewAddressesInALaterRound) {
  SeededRandom random(1);
  Agent agent({}, {}, random);
  agent.add_stream({});
  const LocalAddress addresses[] = {{alice_ip, "eth0"}, {testing::bob_ip, "eth1"}};
  agent.handle_interfaces({}, {addresses, 1});
  agent.gather({});
  EXPECT_TRUE(agent.poll_request());
  agent.handle_flow({}, FlowId{1}, FlowOpened{{alice_ip, 5000}});
  agent.handle_interfaces({}, addresses);
  agent.gather({});

  const auto request = agent.poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<BindUdp>(*request).flow, FlowId{2});
  EXPECT_FALSE(agent.poll_request());
}

TEST(Gatherer, TakesPortsOfTheRangeAndSearchesItForAFreeOne) {
  Network network(1);
  const HostId host = network.add_host({.name = "alice", .addresses = {alice_ip}});
  const AgentConfig config{.ports = PortRange{5000, 5002}};
  Party first(network, host, {alice_ip}, config);
  Party second(network, host, {alice_ip}, config);
  Party third(network, host, {alice_ip}, config);
  Party fourth(network, host, {alice_ip}, config);
  std::vector<std::uint16_t> ports;
  for (Party* party : {&first, &second, &third}) {
    party->gather();
    network.run_for(1ms);
    ASSERT_EQ(party->candidates().size(), 1u);
    ports.push_back(party->candidates()[0].endpoint.port);
  }
  std::ranges::sort(ports);
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{5000, 5001, 5002}));
  fourth.gather();
  network.run_for(1ms);
  EXPECT_TRUE(fourth.gathered());
  EXPECT_TRUE(fourth.candidates().empty()) << "the range is full";
  EXPECT_EQ(fourth.agent().stats().sockets_failed, 1u);
}

TEST(Gatherer, UsesTheInterfacesThatItMay) {
  const LocalAddress up[] = {{alice_ip, "eth0"},
                             {IpAddress::v4(198, 51, 100, 9), "wlan0"},
                             {IpAddress::v4(172, 17, 0, 1), "docker0"}};
  const struct {
    AgentConfig config;
    std::size_t sockets;
  } rows[] = {{{}, 3},
              {{.interfaces = {"wlan0"}}, 1},
              {{.excluded_interfaces = {"docker0"}}, 2},
              {{.interfaces = {"ppp0"}}, 0},
              {{.local_addresses = {.only = {IpPrefix::parse("198.51.100.0/24").value()}}}, 1},
              {{.local_addresses = {.except = {IpPrefix::parse("172.16.0.0/12").value()}}}, 2}};
  for (const auto& row : rows) {
    SeededRandom random(1);
    Agent agent({}, row.config, random);
    agent.handle_interfaces({}, up);
    agent.gather({});
    std::size_t sockets = 0;
    while (agent.poll_request()) ++sockets;
    EXPECT_EQ(sockets, row.sockets);
  }
}

TEST(Gatherer, TellsTheExternalAddressOfAOneToOneNat) {
  Network network(1);
  const IpAddress inside = IpAddress::v4(10, 0, 0, 7);
  const HostId host = network.add_host({.name = "alice", .addresses = {inside}});
  const IpAddress outside = IpAddress::v4(203, 0, 113, 7);
  Party alice(network, host, {inside}, {.external_addresses = {{inside, outside}}});
  alice.gather();
  network.run_for(1ms);
  ASSERT_EQ(alice.candidates().size(), 2u);
  EXPECT_EQ(alice.candidates()[1].type, CandidateType::server_reflexive);
  EXPECT_EQ(alice.candidates()[1].endpoint, (Endpoint{outside, alice.candidates()[0].endpoint.port}));
  EXPECT_EQ(alice.candidates()[1].related, alice.candidates()[0].endpoint);
}

}  // namespace
}  // namespace petrel::inline v0::ice
