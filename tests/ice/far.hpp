#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "ice/party.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::ice::testing {

using namespace std::chrono_literals;
using petrel::testing::NatConfig;
using petrel::testing::SeededOpenSsl;

inline const IpAddress server_ip = IpAddress::v4(198, 51, 100, 1);
inline const IpAddress alice_inside = IpAddress::v4(192, 168, 0, 2);
inline const IpAddress bob_inside = IpAddress::v4(192, 168, 0, 2);
inline const IpAddress alice_outside = IpAddress::v4(203, 0, 113, 1);
inline const IpAddress bob_outside = IpAddress::v4(203, 0, 113, 2);
inline constexpr std::int64_t today = 1'700'000'000;

inline TurnServer turn(std::string_view uri, std::string password = "secret") {
  return {turn::parse_server_uri(uri).value(), {"ada", std::move(password)}};
}

inline turn_server::ServerConfig server_config(const tls::ServerIdentity& identity) {
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

inline AgentConfig with(std::vector<TurnServer> servers, const tls::ServerIdentity& identity) {
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
    network.attach(server_host, *server);
  }
  ~Far() { stop_server(); }
  Far(const Far&) = delete;
  Far& operator=(const Far&) = delete;

  // The server's process ends: what it knew is gone, and connections to it break.
  void stop_server() {
    if (server) network.detach(&*server);
    server.reset();
  }
  void start_server(std::string password = "secret") {
    turn_server::ServerConfig config = server_config(identity);
    config.users = {{"ada", std::move(password)}};
    server.emplace(turn_server::Server::create(network.now(), std::move(config), server_random).value());
    network.attach(server_host, *server);
  }

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
  std::optional<turn_server::Server> server;
  Couple couple;
};

}  // namespace petrel::inline v0::ice::testing
