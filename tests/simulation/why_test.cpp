// Each cause that why() names, produced on the virtual network.

#include <gtest/gtest.h>

#include "petrel/peer/cause.hpp"
#include "petrel/turn_server/server.hpp"
#include "simulation/call.hpp"
#include "support/proxy_server.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

const IpAddress server_ip = IpAddress::v4(192, 0, 2, 50);

tls::ServerIdentity identity_of(const char* name) {
  const SeededOpenSsl dice(0);
  return tls::ServerIdentity::self_signed({name}, wall_clock_epoch).value();
}

IceServer stun() { return {.url = "stun:192.0.2.50"}; }
IceServer turn(std::string url = "turn:192.0.2.50", std::string password = "secret") {
  return {.url = std::move(url), .username = "ada", .credential = std::move(password)};
}

/// A call with a STUN and TURN server on the internet, which forbids relaying to `denied`.
struct Why {
  explicit Why(CallConfig config, std::vector<IpPrefix> denied = {})
      : identity(identity_of("turn.example")),
        call(1, std::move(config)),
        random(call.network.fork_random()) {
    turn_server::ServerConfig server_config;
    server_config.listeners = {{{server_ip, 3478}, TransportProtocol::udp},
                               {{server_ip, 3478}, TransportProtocol::tcp},
                               {{server_ip, 443}, TransportProtocol::tls}};
    server_config.identity = identity;
    server_config.realm = "example.org";
    server_config.users = {{"ada", "secret"}};
    server_config.deny_peers = std::move(denied);
    server_config.unix_time = wall_clock_epoch;
    server.emplace(turn_server::Server::create({}, server_config, random).value());
    const HostId host = call.network.add_host({.name = "server", .addresses = {server_ip}});
    call.network.attach(host, *server);
    call.network.add_name("turn.example", {server_ip});
    call.start();
  }
  ~Why() { call.network.detach(&*server); }

  ConnectionReport report() { return call.alice.peer->report(call.network.now()); }
  // What Alice says once she has given up.
  Cause cause() {
    call.network.run_until([&] { return call.alice.state() == ConnectionState::failed; }, 120s);
    return likely_cause(report());
  }
  bool says(std::string_view what) { return explain(report()).find(what) != std::string::npos; }

  tls::ServerIdentity identity;
  Call call;
  SeededRandom random;
  std::optional<turn_server::Server> server;
};

CallConfig both_behind(NatConfig nat, std::vector<IceServer> servers) {
  CallConfig config;
  config.link.latency = 20ms;
  config.alice_nat = config.bob_nat = nat;
  config.alice.ice_servers = std::move(servers);
  config.bob.ice_servers = {stun()};
  return config;
}

TEST(Why, NothingWhenItConnects) {
  Why why(both_behind(NatConfig::port_restricted(), {stun()}));
  EXPECT_EQ(why.cause(), Cause::none);
  EXPECT_TRUE(why.says("Connected after")) << explain(why.report());
  EXPECT_TRUE(why.says("server_reflexive") || why.says("srflx") || why.says("prflx"))
      << explain(why.report());
}

TEST(Why, TwoSymmetricNatsWithoutARelay) {
  Why why(both_behind(NatConfig::symmetric(), {stun()}));
  EXPECT_EQ(why.cause(), Cause::nat_without_relay);
  EXPECT_TRUE(why.says("no TURN server is configured")) << explain(why.report());
}

TEST(Why, TheTurnServerRefusesOurPassword) {
  Why why(both_behind(NatConfig::symmetric(), {stun(), turn("turn:192.0.2.50", "guess")}));
  EXPECT_EQ(why.cause(), Cause::turn_refused);
  EXPECT_TRUE(why.says("401")) << explain(why.report());
}

TEST(Why, TheTurnServersCertificateIsForSomebodyElse) {
  CallConfig config = both_behind(NatConfig::symmetric(), {stun(), turn("turns:192.0.2.50:443")});
  config.alice.turn_tls.ca_pem = identity_of("turn.example").certificate_pem();
  config.alice.turn_tls.unix_time = wall_clock_epoch;
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::turn_untrusted);
  EXPECT_TRUE(why.says("certificate")) << explain(why.report());
}

TEST(Why, UdpIsBlockedAndNothingElseIsConfigured) {
  CallConfig config = both_behind(NatConfig::symmetric(), {stun(), turn()});
  config.alice_nat = NatConfig::udp_blocked();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::udp_blocked);
  EXPECT_TRUE(
      why.says("UDP to the internet is blocked: no answer from 2 servers; TURN over TCP or TLS is not "
               "configured"))
      << explain(why.report());
}

TEST(Why, TheNameOfTheServerIsMisspelt) {
  CallConfig config = both_behind(NatConfig::symmetric(), {turn("turn:turm.example")});
  config.alice_nat = config.bob_nat = NatConfig::udp_blocked();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::server_name_unknown);
  EXPECT_TRUE(why.says("turm.example")) << explain(why.report());
}

TEST(Why, TheHttpProxyLetsNobodyThrough) {
  const Endpoint proxy_endpoint = Endpoint::v4(192, 0, 2, 60, 3128);
  CallConfig config = both_behind(NatConfig::udp_blocked(), {stun(), turn("turns:192.0.2.50:443")});
  config.alice_nat = NatConfig{.blocks_udp = true, .tcp_ports_allowed = {3128}};
  config.alice.http_proxy = petrel::turn::parse_http_proxy("http://ada:guess@192.0.2.60:3128").value();
  ProxyServer proxy(proxy_endpoint, {.authorization = "Basic YWRhOmxvdmU="});
  Why why(config);
  Network& network = why.call.network;
  network.attach(network.add_host({.name = "proxy", .addresses = {proxy_endpoint.address}}), proxy);
  EXPECT_EQ(why.cause(), Cause::proxy_refused);
  EXPECT_TRUE(why.says("the proxy does not take our username and password (407")) << explain(why.report());
  network.detach(&proxy);
}

TEST(Why, TheRelayMayNotSendToThePeer) {
  Why why(both_behind(NatConfig::symmetric(), {turn()}),
          {IpPrefix::parse("203.0.113.0/24").value(), IpPrefix::parse("198.51.100.0/24").value()});
  EXPECT_EQ(why.cause(), Cause::relay_unreachable);
  EXPECT_TRUE(why.says("nothing comes through it")) << explain(why.report());
}

TEST(Why, ThePeersCandidatesGetLost) {
  CallConfig config;
  config.tamper_with_candidates = [](std::string&) { return false; };
  config.alice_nat = config.bob_nat = NatConfig::port_restricted();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::no_remote_candidates);
}

TEST(Why, ThePeerTellsNamesOfAnotherNetwork) {
  CallConfig config;
  config.bob.hide_addresses = true;
  config.alice_nat = config.bob_nat = NatConfig::port_restricted();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::names_unresolved);
  EXPECT_TRUE(why.says(".local")) << explain(why.report());
}

TEST(Why, ThePeerTellsTcpCandidatesOnlyAndAllOfThemConnect) {
  CallConfig config;
  config.alice_nat = config.bob_nat = NatConfig::port_restricted();
  config.tamper_with_candidates = [](std::string& candidate) {
    if (const std::size_t at = candidate.find(" udp "); at != std::string::npos) {
      candidate.replace(at, 5, " tcp ");
      candidate += " tcptype active";
    }
    return true;
  };
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::only_tcp_candidates);
  EXPECT_TRUE(why.says("one side must listen")) << explain(why.report());
}

TEST(Why, NobodyConnectsWhereWeListen) {
  CallConfig config;
  config.alice.ice_tcp = ice::TcpCandidates::passive;
  config.alice.ice_udp = false;
  config.bob.ice_udp = false;
  config.alice_nat = config.bob_nat = NatConfig::port_restricted();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::no_answer);
}

TEST(Why, NeitherUdpNorTcpPasses) {
  CallConfig config;
  config.bob.ice_tcp = ice::TcpCandidates::passive;
  config.alice_nat = config.bob_nat = NatConfig::only_tcp_443();
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::no_answer);
  EXPECT_TRUE(why.says("1 of them by TCP")) << explain(why.report());
  EXPECT_NE(to_string(why.report()).find("host tcp passive"), std::string::npos);
}

TEST(Why, OneSideHasIpv4AndTheOtherIpv6) {
  CallConfig config;
  config.bob_addresses = std::vector{IpAddress::parse("2001:db8::7").value()};
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::families_differ);
}

TEST(Why, ThisMachineHasNoNetwork) {
  CallConfig config;
  config.bob_addresses = std::vector<IpAddress>{};
  Why why(config);
  why.call.network.run_for(60s);
  EXPECT_EQ(likely_cause(why.call.bob.peer->report(why.call.network.now())), Cause::no_interface);
}

TEST(Why, TheDescriptionsAreOfTwoCalls) {
  CallConfig config;
  config.tamper_with_answer = [](SessionDescription& answer) {
    const std::size_t at = answer.sdp.find("a=ice-pwd:") + 10;
    answer.sdp[at] = answer.sdp[at] == 'x' ? 'y' : 'x';
  };
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::credentials_mismatch);
}

TEST(Why, TheFingerprintIsOfAnotherCertificate) {
  CallConfig config;
  config.tamper_with_answer = [](SessionDescription& answer) {
    const std::size_t at = answer.sdp.find("a=fingerprint:sha-256 ") + 22;
    answer.sdp[at] = answer.sdp[at] == '0' ? '1' : '0';
  };
  Why why(config);
  EXPECT_EQ(why.cause(), Cause::fingerprint_mismatch);
}

TEST(Why, PacketsTravelOneWayOnly) {
  Why why(CallConfig{});
  // Bob's packets arrive; nothing reaches him.
  why.call.network.downlink(why.call.bob.host).reconfigure({.latency = 1ms, .loss_percent = 100});
  EXPECT_EQ(why.cause(), Cause::one_way);
}

TEST(Why, NothingComesFromThePeerAtAll) {
  Why why(CallConfig{});
  why.call.network.uplink(why.call.bob.host).reconfigure({.latency = 1ms, .loss_percent = 100});
  EXPECT_EQ(why.cause(), Cause::no_answer);
  EXPECT_TRUE(why.says("No pair worked")) << explain(why.report());
}

TEST(Why, ThePeerHasGoneQuiet) {
  Why why(CallConfig{});
  ASSERT_TRUE(why.call.connects_within(5s));
  why.call.network.detach(why.call.bob.peer.get());
  EXPECT_EQ(why.cause(), Cause::peer_silent);
}

TEST(Why, ThePeerHasClosed) {
  Why why(CallConfig{});
  ASSERT_TRUE(why.call.connects_within(5s));
  why.call.bob.peer->close(why.call.network.now());
  why.call.network.run_for(1s);
  EXPECT_EQ(likely_cause(why.report()), Cause::peer_closed);
}

TEST(Why, TheReportIsJsonAsWell) {
  Why why(both_behind(NatConfig::symmetric(), {stun(), turn("turn:192.0.2.50", "guess")}));
  EXPECT_EQ(why.cause(), Cause::turn_refused);
  const std::string json = to_json(why.report());
  EXPECT_EQ(json.find("{\"cause\":\"turn_refused\",\"explanation\":\"The TURN server refused us."), 0u)
      << json;
  for (const char* member : {"\"stages_ms\":{", "\"servers\":[{\"url\":\"stun:192.0.2.50:3478\"",
                             "\"pairs\":[{", "\"local_candidates\":[{\"type\":\"host\"", "\"counters\":{"}) {
    EXPECT_NE(json.find(member), std::string::npos) << member << " in " << json;
  }
  const std::string text = to_string(why.report());
  EXPECT_NE(text.find("server turn:192.0.2.50"), std::string::npos) << text;
}

}  // namespace
}  // namespace petrel::inline v0::testing
