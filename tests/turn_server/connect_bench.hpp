#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "turn_server/peer_connections.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn_server {

inline constexpr FlowId control{first_accepted_flow.value};
inline constexpr FlowId data{first_accepted_flow.value + 1};
inline constexpr FlowId from_peer{first_accepted_flow.value + 2};

// A client over TCP, whose requests and bytes are written by hand.
struct ConnectBench : ::testing::Test {
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.listeners.push_back({{server_address, 3478}, TransportProtocol::tcp});
    config.limits.peer_connections_per_allocation = 3;
    return config;
  }
  ConnectBench() {
    bench.accept(control, client_address, FlowId{2});
    bench.accept(data, data_address, FlowId{2});
  }
  Reply allocate(ScriptedClient& by, const ScriptedClient::Fill& fill = {}) {
    return by.ask(stun::Method::allocate, [&](stun::Builder& builder) {
      builder.requested_transport(stun::relay_protocol::tcp);
      if (fill) fill(builder);
    });
  }
  Endpoint relayed() { return allocate(client)->xor_relayed_address().value(); }
  // Leaves the answer to what becomes of the flow.
  FlowId connect(const Endpoint& peer) {
    bench.receive(
        control, client_address,
        client.signed_request(stun::Method::connect, [&](auto& b) { b.xor_peer_address(peer); }).bytes());
    return bench.connects.empty() ? FlowId{} : bench.connects.back().flow;
  }
  std::uint32_t connected(const Endpoint& peer) {
    bench.change(connect(peer), FlowOpened{.local = {}, .remote = peer});
    return client.reply().value()->connection_id().value();
  }
  int bind(std::uint32_t id) {
    return binder.code_of(stun::Method::connection_bind, [&](auto& b) { b.connection_id(id); });
  }
  std::string to_data() {
    std::string text;
    while (const auto sent = bench.take()) {
      EXPECT_EQ(sent->flow, data);
      text += as_text(sent->bytes);
    }
    return text;
  }

  const Endpoint data_address = Endpoint::v4(198, 51, 100, 7, 40001);
  ServerBench bench{config()};
  ScriptedClient client{bench, client_address, control};
  ScriptedClient binder{bench, data_address, data};
};

}  // namespace petrel::inline v0::turn_server
