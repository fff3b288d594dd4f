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
    turn_server::ServerConfig config;
    config.listeners = {{{server_ip, 3478}, TransportProtocol::udp}};
    config.realm = "example.org";
    config.users = {{"ada", "secret"}};
    config.unix_time = wall_clock_epoch;
    server.emplace(turn_server::Server::create({}, config, random).value());
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
  // From the call's beginning to the connection.
  Duration set_up_time() {
    call.network.run_for(5s);
    const TimePoint begin = call.network.now();
    call.start();
    EXPECT_TRUE(call.connects_within(20s));
    return call.network.now() - begin;
  }

  Call call;
  SeededRandom random;
  std::optional<turn_server::Server> server;
};

TEST(CandidatePool, HasItsRelaysBeforeTheCall) {
  for (const bool trickle : {true, false}) {
    Pooled without(0, trickle);
    EXPECT_EQ(without.server->stats().allocations_made, 0u);
    const Duration slow = without.set_up_time();

    Pooled with(1, trickle);
    with.call.network.run_for(5s);
    EXPECT_EQ(with.server->stats().allocations_made, 1u);
    EXPECT_EQ(with.call.alice.peer->ice_gathering_state(), IceGatheringState::new_) << "nobody has been told";
    const Duration fast = with.set_up_time();
    EXPECT_EQ(with.server->stats().allocations_made, 1u);
    // Two round trips to the server: the challenge and the allocation.
    EXPECT_LT(fast + 800ms, slow + 1ms) << (trickle ? "trickling" : "at once");
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
    if (const auto* local = std::get_if<LocalCandidate>(&*event)) {
      told.push_back(local->candidate);
      EXPECT_FALSE(local->mid.empty());
    }
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
