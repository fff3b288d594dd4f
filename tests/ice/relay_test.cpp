#include "ice/relay.hpp"

#include <gtest/gtest.h>

#include "ice/far.hpp"
#include "support/proxy_server.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::NatConfig;
using petrel::testing::ProxyServer;
using testing::alice_inside;
using testing::Far;
using testing::SeededRandom;
using testing::server_ip;
using testing::turn;

TEST(Relay, ConnectsWhatNothingElseConnects) {
  EXPECT_FALSE(Far({}).connects_within(45s));

  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  const SelectedPair pair = far.couple.alice.agent().selected(far.couple.alice.stream()).value();
  EXPECT_EQ(pair.local.type, CandidateType::relay);
  EXPECT_EQ(pair.local.endpoint.address, server_ip);
  EXPECT_EQ(pair.remote.type, CandidateType::peer_reflexive) << "bob, as the server sees him";
  far.expect_data_flows();
}

TEST(Relay, WorksByEveryTransportAndByName) {
  for (const char* uri : {"turn:turn.example", "turn:turn.example?transport=tcp", "turns:turn.example"}) {
    Far far({turn(uri)});
    ASSERT_TRUE(far.connects_within(5s)) << uri;
    EXPECT_EQ(far.couple.alice.agent().selected(far.couple.alice.stream())->local.type, CandidateType::relay);
    far.expect_data_flows();
    const auto servers = far.couple.alice.agent().servers();
    ASSERT_EQ(servers.size(), 2u) << "the name, and the address from our address";
    EXPECT_EQ(servers[1].outcome, ServerOutcome::answered) << servers[1].text;
  }
}

TEST(Relay, WorksFromBothEnds) {
  Far far({turn("turn:198.51.100.1?transport=tcp")}, {turn("turn:198.51.100.1")}, {.blocks_udp = true});
  ASSERT_TRUE(far.connects_within(5s));
  EXPECT_EQ(far.couple.alice.agent().selected(far.couple.alice.stream())->local.type, CandidateType::relay);
  far.expect_data_flows();
}

TEST(Relay, GivesAReflexiveCandidateTooAndSaysWhereItIs) {
  Far far({turn("turn:198.51.100.1")}, {}, NatConfig::port_restricted());
  far.couple.alice.gather();
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.gathered(); }, 3s));
  std::vector<CandidateType> types;
  for (const Candidate& candidate : far.couple.alice.candidates()) types.push_back(candidate.type);
  const std::vector<CandidateType> expected{CandidateType::host, CandidateType::server_reflexive,
                                            CandidateType::relay};
  EXPECT_EQ(types, expected);
  EXPECT_EQ(far.couple.alice.candidates()[2].related, far.couple.alice.candidates()[1].endpoint);
  EXPECT_LT(far.couple.alice.candidates()[2].priority, 1u << 24) << "type preference 0";
}

TEST(Relay, OnlyHidesEverythingElse) {
  Far far({turn("turn:198.51.100.1")}, {}, NatConfig::full_cone(), {.policy = TransportPolicy::relay});
  ASSERT_TRUE(far.connects_within(5s));
  ASSERT_EQ(far.couple.alice.candidates().size(), 1u);
  const Candidate& only = far.couple.alice.candidates()[0];
  EXPECT_EQ(only.type, CandidateType::relay);
  EXPECT_EQ(only.related, Endpoint::v4(0, 0, 0, 0, 0));
  EXPECT_EQ(far.couple.bob.agent().selected(far.couple.bob.stream())->remote.endpoint, only.endpoint);
  far.expect_data_flows();
}

TEST(Relay, OnDemandIsAskedForWhenNothingElseHasWorkedInTime) {
  const AgentConfig on_demand{.relay_after = 2s};
  Far direct({turn("turn:198.51.100.1")}, {}, NatConfig::full_cone(), on_demand);
  direct.couple.exchange_everything();
  direct.network.run_for(1s);
  EXPECT_EQ(direct.server->stats().allocations_made, 0u);
  ASSERT_TRUE(direct.network.run_until([&] { return direct.couple.are_completed(); }, 5s));
  EXPECT_EQ(direct.server->stats().allocations_made, 1u);
  EXPECT_GE(direct.network.now(), TimePoint(2s));
}

TEST(Relay, OnDemandIsNotAskedForWhenADirectPairWorks) {
  testing::Lan lan(1, {.latency = 1ms}, {.turn_servers = {turn("turn:198.51.100.1")}, .relay_after = 2s});
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  EXPECT_TRUE(lan.alice.gathered());
  lan.network.run_for(20s);
  ASSERT_EQ(lan.alice.agent().servers().size(), 1u);
  EXPECT_EQ(lan.alice.agent().servers()[0].outcome, ServerOutcome::not_needed);
}

TEST(Relay, SaysWhyThereIsNone) {
  const struct {
    TurnServer server;
    const char* says;
  } rows[] = {{turn("turn:198.51.100.1", "guess"), "401"},
              {turn("turn:198.51.100.99"), "no answer"},
              {turn("turn:198.51.100.1:9?transport=tcp"), "refused"},
              {turn("turns:198.51.100.1"), "not for 198.51.100.1"}};
  for (const auto& row : rows) {
    Far far({row.server});
    far.couple.alice.gather();
    ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.gathered(); }, 15s)) << row.says;
    const auto servers = far.couple.alice.agent().servers();
    ASSERT_EQ(servers.size(), 1u);
    EXPECT_EQ(servers[0].outcome, ServerOutcome::failed);
    EXPECT_NE(servers[0].text.find(row.says), std::string::npos) << servers[0].text;
  }
}

TEST(Relay, SurvivesARestartOfIceAndIsNotAskedForTwice) {
  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  far.couple.alice.agent().restart(far.network.now(), far.couple.alice.stream());
  far.couple.bob.agent().restart(far.network.now(), far.couple.bob.stream());
  far.couple.alice.gather();
  far.couple.alice.introduce_to(far.couple.bob);
  far.couple.bob.introduce_to(far.couple.alice);
  far.network.run_for(5s);
  EXPECT_TRUE(far.couple.are_completed());
  EXPECT_EQ(far.server->stats().allocations_made, 1u);
  far.expect_data_flows();
}

TEST(Relay, IsGivenBackWhenTheAgentCloses) {
  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  EXPECT_EQ(far.server->stats().allocations, 1u);
  far.couple.alice.agent().close(far.network.now());
  far.network.run_for(1s);
  EXPECT_EQ(far.server->stats().allocations, 0u);
}

TEST(Relay, ThatIsLostFailsItsPairs) {
  Far far({turn("turn:198.51.100.1?transport=tcp")});
  ASSERT_TRUE(far.connects_within(5s));
  far.stop_server();
  ASSERT_TRUE(far.network.run_until([&] { return far.couple.alice.agent().stats().relays_lost == 1; }, 5s));
  EXPECT_EQ(far.couple.alice.state(), State::disconnected);
  EXPECT_EQ(far.couple.alice.agent().servers()[0].outcome, ServerOutcome::failed);
}

// Found by the agent's fuzzer: a server that is still waiting for its turn.
TEST(Relay, IsNotAskedForBySocketsThatAreGone) {
  SeededRandom random(1);
  AgentConfig config;
  config.turn_servers = {turn("turn:198.51.100.1"), turn("turn:198.51.100.2")};
  Agent agent({}, config, random);
  const LocalAddress up{alice_inside, "eth0"};
  agent.handle_interfaces({}, {&up, 1});
  agent.gather({});
  const auto bind = std::get<BindUdp>(agent.poll_request().value());
  agent.handle_flow({}, bind.flow, FlowOpened{{alice_inside, 5000}});
  while (agent.poll_transmit()) continue;
  agent.handle_flow({}, bind.flow, FlowFailed{make_error_code(petrel::Errc::closed)});
  for (TimePoint now{}; now < TimePoint(10s); now += 10ms) {
    agent.handle_timeout(now);
    ASSERT_FALSE(agent.poll_transmit());
  }
  for (const ServerReport& server : agent.servers()) EXPECT_EQ(server.outcome, ServerOutcome::failed);
}

// ---- A port of several agents ---------------------------------------------------------------

// Every BindUdp that the agent asks for.
std::vector<BindUdp> binds(Agent& agent) {
  std::vector<BindUdp> all;
  while (const auto request = agent.poll_request()) {
    if (const auto* bind = std::get_if<BindUdp>(&*request)) all.push_back(*bind);
  }
  return all;
}

// An agent on a shared port, whose TURN client has asked for a socket.
struct OnSharedPort {
  OnSharedPort() {
    AgentConfig config;
    config.turn_servers = {turn("turn:198.51.100.1")};
    agent.emplace(TimePoint{}, config, random);
    const LocalAddress up{alice_inside, "eth0"};
    agent->handle_interfaces({}, {&up, 1});
    agent->gather({});
    base = binds(*agent).at(0);
    agent->handle_flow({}, base.flow, FlowOpened{.local = {alice_inside, 5000}, .shared = true});
    own = binds(*agent).at(0);
  }
  SeededRandom random{1};
  std::optional<Agent> agent;
  BindUdp base, own;
};

TEST(Relay, HasASocketOfItsOwnBesideASharedOne) {
  OnSharedPort one;
  EXPECT_NE(one.own.flow, one.base.flow);
  EXPECT_EQ(one.own.local, (Endpoint{alice_inside, 0}));
  EXPECT_FALSE(one.own.may_share);
  EXPECT_FALSE(one.agent->poll_transmit());
  one.agent->handle_flow({}, one.own.flow, FlowOpened{{alice_inside, 6000}});
  const auto transmit = one.agent->poll_transmit();
  ASSERT_TRUE(transmit);
  EXPECT_EQ(transmit->flow, one.own.flow);
  EXPECT_EQ(transmit->destination, (Endpoint{server_ip, 3478}));
}

TEST(Relay, ClosesItsSocketWhenTheAddressGoes) {
  OnSharedPort one;
  one.agent->handle_flow({}, one.own.flow, FlowOpened{{alice_inside, 6000}});
  one.agent->handle_flow({}, one.base.flow, FlowFailed{make_error_code(petrel::Errc::closed)});
  bool closed = false;
  while (const auto request = one.agent->poll_request()) {
    const auto* close = std::get_if<CloseFlow>(&*request);
    closed = closed || (close != nullptr && close->flow == one.own.flow);
  }
  EXPECT_TRUE(closed);
  EXPECT_EQ(one.agent->servers()[0].outcome, ServerOutcome::failed);
}

TEST(Relay, SaysThatItGotNoSocket) {
  OnSharedPort one;
  one.agent->handle_flow({}, one.own.flow, FlowFailed{std::make_error_code(std::errc::too_many_files_open)});
  EXPECT_EQ(one.agent->servers()[0].outcome, ServerOutcome::failed);
  EXPECT_NE(one.agent->servers()[0].text.find("no socket"), std::string::npos);
}

// ---- Through an HTTP proxy --------------------------------------------------------------

const Endpoint proxy_endpoint = Endpoint::v4(198, 51, 100, 9, 3128);

/// Alice gets out by the proxy and by nothing else.
struct Proxied : Far {
  explicit Proxied(std::string_view uri, ProxyServer::Rules rules = {},
                   std::string_view url = "http://proxy.example:3128")
      : Far({turn(uri)}, {}, {.blocks_udp = true, .tcp_ports_allowed = {3128}}, through(url)),
        proxy(proxy_endpoint, std::move(rules)) {
    network.add_name("proxy.example", {proxy_endpoint.address});
    network.attach(network.add_host({.name = "proxy", .addresses = {proxy_endpoint.address}}), proxy);
  }
  ~Proxied() { network.detach(&proxy); }
  static AgentConfig through(std::string_view url) {
    AgentConfig config;
    config.http_proxy = turn::parse_http_proxy(url).value();
    return config;
  }
  ServerReport report() {
    const auto reports = couple.alice.agent().servers();
    const auto found =
        std::ranges::find_if(reports, [](const ServerReport& each) { return each.endpoint.has_value(); });
    return found == reports.end() ? ServerReport{} : *found;
  }

  ProxyServer proxy;
};

TEST(RelayByProxy, ConnectsOverTcpAndTls) {
  for (const char* uri : {"turn:turn.example:3478?transport=tcp", "turns:turn.example"}) {
    Proxied far(uri);
    ASSERT_TRUE(far.connects_within(10s)) << uri;
    far.expect_data_flows();
    EXPECT_EQ(far.proxy.tunnels(), 1u);
    EXPECT_EQ(far.report().endpoint, proxy_endpoint);
    const std::string target = uri[4] == 's' ? "turn.example:5349" : "turn.example:3478";
    EXPECT_EQ(far.proxy.targets(), std::vector{target}) << "the proxy resolves the name";
  }
}

TEST(RelayByProxy, ShowsItsCredentials) {
  Proxied far("turns:turn.example", {.authorization = "Basic YWRhOmxvdmU="},
              "http://ada:love@198.51.100.9:3128");
  EXPECT_TRUE(far.connects_within(10s));
}

TEST(RelayByProxy, ReportsWhyThereIsNoWay) {
  const auto report = [](std::string_view uri, ProxyServer::Rules rules) {
    Proxied far(uri, std::move(rules));
    EXPECT_FALSE(far.connects_within(15s));
    EXPECT_EQ(far.report().outcome, ServerOutcome::failed);
    return far.report();
  };
  ServerReport failed = report("turns:turn.example", {.authorization = "Basic YWRhOmxvdmU="});
  EXPECT_EQ(failed.error, turn::Errc::proxy_unauthenticated);
  EXPECT_NE(failed.text.find("the proxy wants a username and password (407"), std::string::npos)
      << failed.text;
  failed = report("turns:turn.example", {.ports = {443}});
  EXPECT_EQ(failed.error, turn::Errc::proxy_refused);
  EXPECT_NE(failed.text.find("403 Forbidden"), std::string::npos) << failed.text;
  failed = report("turns:nowhere.example", {});
  EXPECT_EQ(failed.error, turn::Errc::proxy_failed);
  failed = report("turns:turn.example", {.greeting = "220 mail ready\r\n\r\n"});
  EXPECT_EQ(failed.error, turn::Errc::bad_proxy_answer);
}

TEST(RelayByProxy, LeavesUdpAlone) {
  Far far({turn("turn:198.51.100.1")}, {}, NatConfig::symmetric(),
          Proxied::through("http://proxy.example:3128"));
  EXPECT_TRUE(far.connects_within(5s)) << "the proxy's name is not even known";
}

}  // namespace
}  // namespace petrel::inline v0::ice
