#include "petrel/io/turn_server.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/turn/client.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using turn_server::ListenerFailed;
using turn_server::ListenerOpened;

constexpr FlowId to_server{1};
constexpr FlowId peer_socket{2};

turn_server::ServerConfig loopback_config(TransportProtocol protocol) {
  turn_server::ServerConfig config;
  config.listeners = {{Endpoint::v4(127, 0, 0, 1, 0), protocol}};
  config.realm = "example.org";
  config.users = {{"alice", "wonderland"}};
  config.allow_peers = {*IpPrefix::parse("127.0.0.0/8")};
  return config;
}

// Drives a turn::Client, and a socket of its own that the client talks to.
class Caller final : public io::NetworkUser {
 public:
  Caller(Network& network, const Endpoint& server, TransportProtocol protocol)
      : network_(network), id_(network.attach(*this)), server_(server), protocol_(protocol) {
    network_.request(id_, BindUdp{peer_socket, Endpoint::v4(127, 0, 0, 1, 0)});
    const Endpoint any = Endpoint::v4(127, 0, 0, 1, 0);
    if (protocol == TransportProtocol::udp) {
      network_.request(id_, BindUdp{to_server, any});
    } else {
      network_.request(id_, Connect{to_server, any, server});
    }
  }
  ~Caller() { network_.detach(id_); }

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) {
      if (each.flow == peer_socket) {
        at_peer = as_text(each.payload);
        send(peer_socket, each.source, "answer");
      } else if (client) {
        client->handle_datagram(network_.now(), each);
      }
    }
    run();
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      if (flow == peer_socket) {
        peer_ = opened->local;
      } else {
        start();
      }
    } else if (client) {
      client->handle_flow(network_.now(), flow, change);
    }
    run();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {
    if (client) client->handle_timeout(network_.now());
    run();
  }
  void on_writable() override {}
  void on_network_gone() override {}

  std::optional<turn::Client> client;
  std::string at_peer;
  std::string at_client;
  bool lost = false;

 private:
  void start() {
    turn::ClientConfig config;
    config.flow = to_server;
    config.server = server_;
    config.protocol = protocol_;
    config.credentials = {"alice", "wonderland"};
    client.emplace(network_.now(), config, network_.random());
  }
  void send(FlowId flow, const Endpoint& destination, std::string_view text) {
    std::vector<Transmit> transmits;
    transmits.push_back({flow, destination, PacketBuffer::copy_of(as_bytes(text)).value()});
    network_.send(id_, transmits);
  }
  void run() {
    if (!client) return;
    while (auto event = client->poll_event()) {
      if (std::holds_alternative<turn::Allocated>(*event)) {
        client->send(network_.now(), peer_, PacketBuffer::copy_of(as_bytes("hello")).value()).value();
      }
      if (auto* received = std::get_if<turn::Received>(&*event))
        at_client = as_text(received->payload.bytes());
      if (std::holds_alternative<turn::Lost>(*event)) lost = true;
    }
    std::vector<Transmit> transmits;
    while (auto transmit = client->poll_transmit()) transmits.push_back(*std::move(transmit));
    if (!transmits.empty()) network_.send(id_, transmits);
    network_.set_timeout(id_, client->next_timeout());
  }

  Network& network_;
  io::NetworkUserId id_;
  Endpoint server_;
  TransportProtocol protocol_;
  Endpoint peer_;
};

struct TurnServerTest : ::testing::Test {
  void run_until(const std::function<bool()>& done) {
    while (!done() && io.run_one_for(5s) != 0) continue;
  }
  asio::io_context io{1};
  Network network{io.get_executor()};
};

TEST_F(TurnServerTest, RelaysForClientsOverUdpAndTcp) {
  for (const auto protocol : {TransportProtocol::udp, TransportProtocol::tcp}) {
    TurnServer server(network, loopback_config(protocol));
    run_until([&] { return !server.local_endpoints().empty(); });
    Caller caller(network, server.local_endpoints().at(0), protocol);
    run_until([&] { return !caller.at_client.empty() || caller.lost; });
    EXPECT_EQ(caller.at_peer, "hello");
    EXPECT_EQ(caller.at_client, "answer");
    EXPECT_EQ(server.stats().allocations, 1u);
    EXPECT_EQ(server.stats().packets_to_peers, 1u);
    EXPECT_EQ(server.stats().packets_to_clients, 1u);
  }
}

TEST_F(TurnServerTest, SaysThatAPortIsTaken) {
  TurnServer first(network, loopback_config(TransportProtocol::tcp));
  run_until([&] { return !first.local_endpoints().empty(); });
  turn_server::ServerConfig config = loopback_config(TransportProtocol::tcp);
  config.listeners[0].local = first.local_endpoints().at(0);
  TurnServer second(network, config);
  std::optional<std::error_code> error;
  second.on_event([&](const turn_server::Event& event) {
    if (const auto* failed = std::get_if<ListenerFailed>(&event)) error = failed->error;
  });
  run_until([&] { return error.has_value(); });
  EXPECT_EQ(error, std::errc::address_in_use);
  EXPECT_TRUE(second.local_endpoints().empty());
}

TEST_F(TurnServerTest, MayBeDestroyedByItsOwnCallback) {
  auto server = std::make_optional<TurnServer>(network, loopback_config(TransportProtocol::udp));
  server->on_event([&](const turn_server::Event&) { server.reset(); });
  run_until([&] { return !server.has_value(); });
  EXPECT_FALSE(server.has_value());
}

TEST_F(TurnServerTest, IsSilentAfterClose) {
  TurnServer server(network, loopback_config(TransportProtocol::udp));
  int events = 0;
  server.on_event([&](const turn_server::Event&) { ++events; });
  server.close();
  server.close();
  io.poll();
  EXPECT_EQ(events, 0);
  EXPECT_TRUE(server.local_endpoints().empty());
}

TEST_F(TurnServerTest, RefusesABadConfiguration) {
  turn_server::ServerConfig config = loopback_config(TransportProtocol::udp);
  config.users.clear();
  EXPECT_THROW(TurnServer(network, config), std::system_error);
}

TEST(TurnServer, SurvivesItsNetwork) {
  asio::io_context io(1);
  auto network = std::make_optional<Network>(io.get_executor());
  TurnServer server(*network, loopback_config(TransportProtocol::udp));
  network.reset();
  io.poll();
  EXPECT_TRUE(server.local_endpoints().empty());
  server.close();
}

}  // namespace
}  // namespace petrel::inline v0
