// The client against petrel's own server, over hours of virtual time.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "petrel/turn/client.hpp"
#include "turn_server/scripted_client.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;
using turn_server::ServerBench;

const Endpoint server_endpoint = {turn_server::server_address, 3478};
const Endpoint peer_v4 = turn_server::peer_address;
const Endpoint peer_v6 = *Endpoint::parse("[2a00::9]:5000");

turn_server::ServerConfig dual_stack() {
  turn_server::ServerConfig config = turn_server::test_config();
  config.relay_addresses = {{.local = turn_server::server_address},
                            {.local = *IpAddress::parse("2001:4860::1")}};
  return config;
}

// Peers that send back whatever comes, a network that loses what it is told to, and both ends.
class LongLife : public ::testing::Test {
 protected:
  void begin(ClientConfig config) { client.emplace(bench.now, std::move(config), bench.random); }
  ClientConfig config() const {
    return {.flow = client_flow,
            .server = server_endpoint,
            .credentials = {"alice", "wonderland"},
            .both_families = true};
  }

  // Until nothing moves.
  void carry() {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto transmit = client->poll_transmit()) {
        moved = true;
        if (is_lost()) continue;
        bench.receive(turn_server::first_listener, turn_server::client_address, transmit->payload.bytes());
      }
      while (const auto sent = bench.take()) {
        moved = true;
        if (is_lost()) continue;
        if (sent->destination == turn_server::client_address) {
          client->handle_datagram(bench.now, {client_flow, server_endpoint, {}, sent->bytes});
        } else {
          const Endpoint relayed = bench.bound.at(sent->flow);
          bench.server.handle_datagram(bench.now, {sent->flow, sent->destination, relayed, sent->bytes});
          bench.settle();
        }
      }
      while (const auto event = client->poll_event()) {
        moved = true;
        if (const auto* granted = std::get_if<Allocated>(&*event)) allocated = *granted;
        if (const auto* received = std::get_if<Received>(&*event)) ++echoes[received->peer];
        if (const auto* lost = std::get_if<Lost>(&*event)) FAIL() << lost->detail;
        if (std::holds_alternative<PermissionRefused>(*event)) FAIL() << "refused";
      }
    }
  }
  bool is_lost() { return loss_percent != 0 && bench.random.between(1, 100) <= loss_percent; }

  void advance_to(TimePoint end) {
    for (;;) {
      TimePoint next = end;
      if (const auto due = client->next_timeout()) next = std::min(next, *due);
      if (const auto due = bench.server.next_timeout()) next = std::min(next, *due);
      bench.now = std::max(bench.now, next);
      bench.server.handle_timeout(bench.now);
      bench.settle();
      client->handle_timeout(bench.now);
      carry();
      if (next >= end) return;
    }
  }
  void send(const Endpoint& peer) {
    EXPECT_TRUE(client->send(bench.now, peer, PacketBuffer::copy_of(as_bytes("hello")).value()));
    carry();
  }

  static constexpr FlowId client_flow{900};
  ServerBench bench{dual_stack()};
  std::optional<Client> client;
  std::optional<Allocated> allocated;
  std::map<Endpoint, std::size_t> echoes;
  std::uint32_t loss_percent = 0;
};

TEST_F(LongLife, LastsForHoursWithEveryNonceThatExpires) {
  begin(config());
  carry();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->relayed.size(), 2U);
  constexpr std::size_t seconds = 3 * 3600;
  for (std::size_t i = 0; i < seconds; ++i) {
    advance_to(bench.now + 1s);
    send(i % 2 == 0 ? peer_v4 : peer_v6);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(echoes[peer_v4], seconds / 2);
  EXPECT_EQ(echoes[peer_v6], seconds / 2);
  EXPECT_EQ(client->report().last_error_code, 438);  // The server's nonces live an hour.
  EXPECT_EQ(bench.server.stats().allocations, 1U);
  EXPECT_GE(client->stats().packets_in_channels, seconds - 4);
  EXPECT_EQ(client->stats().unauthentic, 0U);
}

TEST_F(LongLife, SurvivesATenthOfAllPacketsLost) {
  loss_percent = 10;
  begin(config());
  carry();
  advance_to(bench.now + 20s);
  ASSERT_TRUE(allocated);
  constexpr std::size_t seconds = 3600;
  for (std::size_t i = 0; i < seconds; ++i) {
    advance_to(bench.now + 1s);
    send(peer_v4);
    if (HasFatalFailure()) return;
  }
  // Each echo passes four times, 0.9^4 = 66 %.
  EXPECT_GT(echoes[peer_v4], seconds * 60 / 100);
  EXPECT_EQ(client->stage(), Stage::allocated);
}

TEST_F(LongLife, LeavesNothingBehind) {
  begin(config());
  carry();
  send(peer_v4);
  client->close(bench.now);
  carry();
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.relay_sockets(), 0U);
}

TEST_F(LongLife, LetsIdlePeersGo) {
  begin(config());
  carry();
  send(peer_v4);
  send(peer_v4);
  const auto before = client->stats().requests_sent;
  advance_to(bench.now + 16min);
  // Two refreshes of the allocation, and nothing for the peer beside one renewal of each.
  EXPECT_LE(client->stats().requests_sent - before, 4U);
  send(peer_v4);
  EXPECT_EQ(echoes[peer_v4], 3U);
}

}  // namespace
}  // namespace petrel::inline v0::turn
