#include "ice/relay.hpp"

#include <gtest/gtest.h>

#include "ice/party.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/proxy_server.hpp"
#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::NatConfig;
using petrel::testing::ProxyServer;
using petrel::testing::SeededOpenSsl;
using testing::Couple;
using testing::HostId;
using testing::Network;
using testing::Party;
using testing::SeededRandom;

const IpAddress server_ip = IpAddress::v4(198, 51, 100, 1);
const IpAddress alice_inside = IpAddress::v4(192, 168, 0, 2);
const IpAddress bob_inside = IpAddress::v4(192, 168, 0, 2);
const IpAddress alice_outside = IpAddress::v4(203, 0, 113, 1);
const IpAddress bob_outside = IpAddress::v4(203, 0, 113, 2);
constexpr std::int64_t today = 1'700'000'000;

TurnServer turn(std::string_view uri, std::string password = "secret") {
  return {turn::parse_server_uri(uri).value(), {"ada", std::move(password)}};
}

turn_server::ServerConfig server_config(const tls::ServerIdentity& identity) {
  turn_server::ServerConfig config;
  config.listeners = {{{server_ip, 3478}, TransportProtocol::udp},
                      {{server_ip, 3478}, TransportProtocol::tcp},
                      {{server_ip, 5349}, TransportProtocol::tls}};
  config.identity = identity;
  config.realm = "example.org";
  config.users = {{"ada", "secret"}};
  config.own_addresses = {server_ip};
  config.unix_time = today;
  return config;
}

AgentConfig with(std::vector<TurnServer> servers, const tls::ServerIdentity& identity) {
  AgentConfig config;
  config.turn_servers = std::move(servers);
  config.turn_tls.ca_pem = identity.certificate_pem();
  config.turn_tls.unix_time = today;
  return config;
}

/// Two agents behind NATs that let nothing through directly, and a TURN server outside.
struct Far {
  explicit Far(std::vector<TurnServer> alice, std::vector<TurnServer> bob = {},
               NatConfig nat = NatConfig::symmetric(), AgentConfig more = {})
      : alice_host(network.add_host(
            {.name = "alice", .addresses = {alice_inside}, .site = network.add_nat(nat, {alice_outside})})),
        bob_host(network.add_host({.name = "bob",
                                   .addresses = {bob_inside},
                                   .site = network.add_nat(NatConfig::symmetric(), {bob_outside})})),
        server_host(network.add_host({.name = "server", .addresses = {server_ip}})),
        server(turn_server::Server::create({}, server_config(identity), server_random).value()),
        couple(network, alice_host, {alice_inside}, bob_host, {bob_inside},
               merged(with(std::move(alice), identity), more), with_stun(with(std::move(bob), identity))) {
    network.add_name("turn.example", {server_ip});
    network.attach(server_host, server);
  }
  ~Far() { network.detach(&server); }
  static AgentConfig merged(AgentConfig config, const AgentConfig& more) {
    config.policy = more.policy;
    config.relay_after = more.relay_after;
    config.http_proxy = more.http_proxy;
    return config;
  }

  // So that the relay is told to let bob's outside address in.
  static AgentConfig with_stun(AgentConfig config) {
    config.stun_servers = {{.host = server_ip.to_string()}};
    return config;
  }

  bool connects_within(Duration limit) {
    couple.exchange_everything();
    return network.run_until([this] { return couple.are_completed(); }, limit);
  }
  // Data both ways, through whatever was selected.
  void expect_data_flows() {
    for (auto [from, to] : {std::pair(&couple.alice, &couple.bob), std::pair(&couple.bob, &couple.alice)}) {
      auto payload = PacketBuffer::copy_of(as_bytes("\x80 is what RTP begins with")).value();
      EXPECT_TRUE(from->agent().send(network.now(), from->stream(), std::move(payload)));
      const auto relayed = [&] { return to->agent().poll_relayed(); };
      network.run_for(500ms);
      const bool by_relay = to->agent().selected(to->stream())->local.type == CandidateType::relay;
      const auto packet = relayed();
      EXPECT_EQ(packet.has_value(), by_relay);
      if (packet) {
        EXPECT_EQ(to->agent().stream_of(packet->flow, packet->source), to->stream());
      }
    }
  }

  SeededOpenSsl openssl{1};
  tls::ServerIdentity identity = tls::ServerIdentity::self_signed({"turn.example"}, today).value();
  Network network{1, {.latency = 20ms}};
  SeededRandom server_random{7};
  HostId alice_host;
  HostId bob_host;
  HostId server_host;
  turn_server::Server server;
  Couple couple;
};

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
  EXPECT_EQ(direct.server.stats().allocations_made, 0u);
  ASSERT_TRUE(direct.network.run_until([&] { return direct.couple.are_completed(); }, 5s));
  EXPECT_EQ(direct.server.stats().allocations_made, 1u);
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
  EXPECT_EQ(far.server.stats().allocations_made, 1u);
  far.expect_data_flows();
}

TEST(Relay, IsGivenBackWhenTheAgentCloses) {
  Far far({turn("turn:198.51.100.1")});
  ASSERT_TRUE(far.connects_within(5s));
  EXPECT_EQ(far.server.stats().allocations, 1u);
  far.couple.alice.agent().close(far.network.now());
  far.network.run_for(1s);
  EXPECT_EQ(far.server.stats().allocations, 0u);
}

TEST(Relay, ThatIsLostFailsItsPairs) {
  Far far({turn("turn:198.51.100.1?transport=tcp")});
  ASSERT_TRUE(far.connects_within(5s));
  far.network.detach(&far.server);  // The server's process ends: its connections break.
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
