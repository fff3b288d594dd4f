// A candidate pool (W3C iceCandidatePoolSize, JSEP 3.5.4): gathered before anybody calls.

#include <gtest/gtest.h>

#include <algorithm>

#include "petrel/turn_server/server.hpp"
#include "simulation/call.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

const IpAddress server_ip = IpAddress::v4(192, 0, 2, 50);

/// A call by relays only, whose server is far away.
struct Pooled {
  explicit Pooled(unsigned pool_size, bool trickle = true)
      : call(1, config(pool_size, trickle)), random(call.network.fork_random()) {
    turn_server::ServerConfig server_config;
    server_config.listeners = {{{server_ip, 3478}, TransportProtocol::udp}};
    server_config.realm = "example.org";
    server_config.users = {{"ada", "secret"}};
    server_config.unix_time = wall_clock_epoch;
    server.emplace(turn_server::Server::create({}, server_config, random).value());
    const HostId host = call.network.add_host(
        {.name = "server", .addresses = {server_ip}, .uplink = LinkConfig{.latency = 200ms}});
    call.network.attach(host, *server);
  }
  ~Pooled() { call.network.detach(&*server); }

  static CallConfig config(unsigned pool_size, bool trickle) {
    CallConfig config;
    config.trickle = trickle;
    config.alice.ice_servers = {{.url = "turn:192.0.2.50", .username = "ada", .credential = "secret"}};
    config.alice.ice_transport_policy = ice::TransportPolicy::relay;
    config.alice.ice_candidate_pool_size = pool_size;
    return config;
  }

  Call call;
  SeededRandom random;
  std::optional<turn_server::Server> server;
};

TEST(CandidatePool, HasItsRelaysBeforeTheCall) {
  for (const unsigned pool_size : {0u, 1u, 2u}) {
    for (const bool trickle : {true, false}) {
      Pooled pooled(pool_size, trickle);
      Call& call = pooled.call;
      call.network.run_for(5s);
      EXPECT_EQ(pooled.server->stats().allocations_made, pool_size > 0 ? 1u : 0u);
      EXPECT_EQ(call.alice.peer->ice_gathering_state(), IceGatheringState::new_) << "nobody has been told";
      const TimePoint begin = call.network.now();
      call.start();
      const auto has_relay = [&] {
        return call.alice.peer->local_description()->sdp.find("typ relay") != std::string::npos;
      };
      EXPECT_TRUE(call.network.run_until(has_relay, 2s));
      // Else two round trips to the server: the challenge, and the allocation.
      EXPECT_EQ(call.network.now() - begin, pool_size > 0 ? 0ms : 2 * 210ms);
      EXPECT_TRUE(call.connects_within(20s));
      EXPECT_EQ(pooled.server->stats().allocations_made, 1u);
    }
  }
}

TEST(CandidatePool, IsToldWithTheLocalDescription) {
  Pooled pooled(1);
  pooled.call.network.run_for(5s);
  Peer& alice = *pooled.call.alice.peer;
  const TransceiverId video = alice.add_transceiver(pooled.call.network.now(), Kind::video, {}).value();
  static_cast<void>(video);
  EXPECT_EQ(alice.create_offer()->sdp.find("a=candidate"), std::string::npos) << "not before it is set";
  alice.set_local_description(pooled.call.network.now()).value();
  EXPECT_NE(alice.local_description()->sdp.find("a=candidate"), std::string::npos);
  EXPECT_EQ(alice.ice_gathering_state(), IceGatheringState::complete);
  std::vector<std::string> told;
  std::vector<IceGatheringState> states;
  while (const auto event = alice.poll_event()) {
    if (const auto* local = std::get_if<LocalCandidate>(&*event)) told.push_back(local->candidate);
    if (const auto* state = std::get_if<IceGatheringStateChanged>(&*event)) states.push_back(state->state);
  }
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[0].find("typ relay"), std::string::npos);
  EXPECT_EQ(told[1], "") << "and these are all";
  const std::vector expected{IceGatheringState::gathering, IceGatheringState::complete};
  EXPECT_EQ(states, expected);
}

}  // namespace
}  // namespace petrel::inline v0::testing
