#include "io/shared_ports.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "io/loopback_call.hpp"
#include "petrel/peer_connection.hpp"
#include "petrel/stun/builder.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::LoopbackCall;

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

struct User final : io::NetworkUser {
  std::function<void()> on_any = [] {};
  std::vector<FlowId> flows;
  std::vector<std::size_t> batches;
  std::optional<FlowOpened> opened;
  std::optional<std::error_code> failed;

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) flows.push_back(each.flow);
    batches.push_back(datagrams.size());
    on_any();
  }
  void on_flow(FlowId, const FlowChange& change) override {
    if (const auto* flow = std::get_if<FlowOpened>(&change)) opened = *flow;
    if (const auto* flow = std::get_if<FlowFailed>(&change)) failed = flow->error;
    on_any();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {}
  void on_writable() override {}
  void on_network_gone() override {}
};

void run_until(asio::io_context& io, const std::function<bool()>& done) {
  while (!done() && io.run_one_for(5s) != 0) continue;
}

Transmit check_for(const std::string& ufrag, const Endpoint& to, int number) {
  stun::TransactionId id{};
  id[0] = static_cast<std::byte>(number);
  stun::Builder check(stun::Class::request, stun::Method::binding, id);
  check.username(ufrag + ":x");
  return {FlowId{1}, to, check.finish().value()};
}

// Two users of a network with one port, and a third party with a socket of its own.
struct Shared {
  asio::io_context io{1};
  Network network{io.get_executor(), {.udp_port = 0}};
  Network outside{io.get_executor()};
  User anna, ben, stranger;
  io::NetworkUserId annas = network.attach(anna);
  io::NetworkUserId bens = network.attach(ben);
  io::NetworkUserId strangers = outside.attach(stranger);

  Shared() {
    network.request(annas, BindUdp{FlowId{5}, {loopback, 0}, true});
    network.request(bens, BindUdp{FlowId{6}, {loopback, 0}, true});
    network.request(annas, NameUfrags{{"anna"}});
    network.request(bens, NameUfrags{{"benn"}});
    outside.request(strangers, BindUdp{FlowId{1}, {loopback, 0}});
    run_until(io, [&] { return anna.opened && ben.opened && stranger.opened; });
  }
  ~Shared() {
    network.detach(annas);
    network.detach(bens);
    outside.detach(strangers);
  }
  Endpoint port() const { return anna.opened->local; }
  void send(std::vector<Transmit> transmits) { outside.send(strangers, transmits); }
};

TEST(SharedPorts, HaveOneSocketForAllUsers) {
  Shared shared;
  EXPECT_TRUE(shared.anna.opened->shared);
  EXPECT_TRUE(shared.ben.opened->shared);
  EXPECT_FALSE(shared.stranger.opened->shared);
  EXPECT_EQ(shared.anna.opened->local, shared.ben.opened->local);
  EXPECT_NE(shared.port().port, 0);

  // What may not be shared is not.
  shared.network.request(shared.annas, BindUdp{FlowId{7}, {loopback, 0}});
  shared.anna.opened.reset();
  run_until(shared.io, [&] { return shared.anna.opened.has_value(); });
  EXPECT_FALSE(shared.anna.opened->shared);
  EXPECT_NE(shared.anna.opened->local, shared.ben.opened->local);
}

TEST(SharedPorts, GiveEachUserItsOwnOfABatch) {
  Shared shared;
  std::vector<Transmit> transmits;
  for (int i = 0; i < 10; ++i) transmits.push_back(check_for(i % 2 == 0 ? "anna" : "benn", shared.port(), i));
  transmits.push_back(check_for("nobody", shared.port(), 10));
  shared.send(std::move(transmits));
  run_until(shared.io, [&] { return shared.anna.flows.size() + shared.ben.flows.size() == 10; });
  EXPECT_EQ(shared.anna.flows, std::vector(5, FlowId{5}));
  EXPECT_EQ(shared.ben.flows, std::vector(5, FlowId{6}));
  run_until(shared.io, [&] { return shared.network.shared_port_stats().unknown_ufrag == 1; });
}

TEST(SharedPorts, SendFromTheOnePort) {
  Shared shared;
  std::set<Endpoint> sources;
  std::vector<Transmit> from_anna;
  from_anna.push_back(check_for("x", shared.stranger.opened->local, 1));
  from_anna.back().flow = FlowId{5};
  std::vector<Transmit> from_ben;
  from_ben.push_back(check_for("x", shared.stranger.opened->local, 2));
  from_ben.back().flow = FlowId{6};
  EXPECT_EQ(shared.network.send(shared.annas, from_anna), 1u);
  EXPECT_EQ(shared.network.send(shared.bens, from_ben), 1u);
  run_until(shared.io, [&] { return shared.stranger.flows.size() == 2; });
  EXPECT_EQ(shared.stranger.flows.size(), 2u);
}

TEST(SharedPorts, LetAUserLeaveAnotherInTheMiddleOfABatch) {
  Shared shared;
  shared.anna.on_any = [&] { shared.network.detach(shared.bens); };
  std::vector<Transmit> transmits;
  for (int i = 0; i < 4; ++i) transmits.push_back(check_for(i == 0 ? "anna" : "benn", shared.port(), i));
  shared.send(std::move(transmits));
  run_until(shared.io, [&] { return !shared.anna.flows.empty(); });
  run_until(shared.io, [&] { return shared.io.poll() == 0; });
  EXPECT_EQ(shared.anna.flows.size(), 1u);
  EXPECT_TRUE(shared.ben.flows.empty());
}

TEST(SharedPorts, SurviveTheirNetworkInTheMiddleOfABatch) {
  asio::io_context io(1);
  std::optional<Network> network(std::in_place, io.get_executor(), NetworkOptions{.udp_port = 0});
  Network outside(io.get_executor());
  User anna, ben, stranger;
  const auto annas = network->attach(anna);
  const auto bens = network->attach(ben);
  const auto strangers = outside.attach(stranger);
  network->request(annas, BindUdp{FlowId{5}, {loopback, 0}, true});
  network->request(bens, BindUdp{FlowId{6}, {loopback, 0}, true});
  network->request(annas, NameUfrags{{"anna"}});
  network->request(bens, NameUfrags{{"benn"}});
  outside.request(strangers, BindUdp{FlowId{1}, {loopback, 0}});
  run_until(io, [&] { return anna.opened && ben.opened && stranger.opened; });
  anna.on_any = ben.on_any = [&] { network.reset(); };
  std::vector<Transmit> transmits;
  transmits.push_back(check_for("anna", anna.opened->local, 1));
  transmits.push_back(check_for("benn", anna.opened->local, 2));
  outside.send(strangers, transmits);
  run_until(io, [&] { return !network; });
  EXPECT_EQ(anna.flows.size() + ben.flows.size(), 1u);
  outside.detach(strangers);
  io.run();
}

TEST(SharedPorts, SayThatThePortIsTaken) {
  asio::io_context io(1);
  Network outside(io.get_executor());
  User stranger;
  const auto strangers = outside.attach(stranger);
  outside.request(strangers, BindUdp{FlowId{1}, {loopback, 0}});
  run_until(io, [&] { return stranger.opened.has_value(); });
  Network network(io.get_executor(), {.udp_port = stranger.opened->local.port});
  User anna;
  const auto annas = network.attach(anna);
  network.request(annas, BindUdp{FlowId{5}, {loopback, 0}, true});
  run_until(io, [&] { return anna.failed.has_value(); });
  EXPECT_EQ(anna.failed, std::errc::address_in_use);
  outside.detach(strangers);
  network.detach(annas);
}

TEST(SharedPorts, AreClosedWithTheirLastUserAndOpenedAgain) {
  Shared shared;
  const Endpoint before = shared.port();
  shared.network.request(shared.annas, CloseFlow{FlowId{5}});
  // Still Ben's.
  EXPECT_FALSE(io::UdpSocket::bind(shared.io.get_executor(), before, {}));
  shared.network.detach(shared.bens);
  EXPECT_TRUE(io::UdpSocket::bind(shared.io.get_executor(), before, {}));
  shared.anna.opened.reset();
  shared.network.request(shared.annas, BindUdp{FlowId{8}, {loopback, 0}, true});
  run_until(shared.io, [&] { return shared.anna.opened.has_value(); });
  EXPECT_TRUE(shared.anna.opened);
}

// Four callers on networks of their own, and the called all on one port.
TEST(SharedPorts, CarryRealPeers) {
  for (const bool lite : {false, true}) {
    asio::io_context io(1);
    Network callers(io.get_executor(), {.include_loopback = true});
    Network called(io.get_executor(), {.include_loopback = true, .udp_port = 0});
    struct Call {
      std::optional<PeerConnection> caller, callee;
      std::optional<Sender> sender;
      int frames = 0;
    };
    std::vector<Call> calls(4);
    PeerConfig config = LoopbackCall::with_certificate();
    for (Call& call : calls) {
      call.caller.emplace(callers, config);
      PeerConfig callee_config = config;
      callee_config.ice_lite = lite;
      call.callee.emplace(called, callee_config);
      call.sender =
          call.caller->add_transceiver(Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
              ->sender();
      call.sender->on_key_frame_request(
          [&] { (void)call.sender->send_frame(testing::key_frame(callers.now())); });
      call.callee->on_track(
          [&](Transceiver track) { track.receiver().on_frame([&](const auto&) { ++call.frames; }); });
      call.caller->on_ice_candidate([&](const LocalCandidate& each) {
        if (call.callee) (void)call.callee->add_ice_candidate(each.candidate, each.mid);
      });
      call.callee->on_ice_candidate([&](const LocalCandidate& each) {
        if (call.caller) (void)call.caller->add_ice_candidate(each.candidate, each.mid);
      });
      call.caller->set_local_description().value();
      call.callee->set_remote_description(*call.caller->local_description()).value();
      call.callee->set_local_description().value();
      call.caller->set_remote_description(*call.callee->local_description()).value();
    }
    const auto all_have = [&](int frames) {
      return std::ranges::all_of(calls,
                                 [&](const Call& call) { return !call.callee || call.frames >= frames; });
    };
    const auto end = std::chrono::steady_clock::now() + 20s;
    const auto runs_until = [&](const std::function<bool()>& done) {
      while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
      return done();
    };
    ASSERT_TRUE(runs_until([&] { return all_have(1); })) << calls[0].caller->why();
    std::set<std::uint16_t> ports;
    for (Call& call : calls) ports.insert(call.callee->stats().pair->local.endpoint.port);
    EXPECT_EQ(ports.size(), 1u);

    calls[1].callee->close();
    for (Call& call : calls) (void)call.sender->send_frame(testing::key_frame(callers.now()));
    EXPECT_TRUE(
        runs_until([&] { return calls[0].frames >= 2 && calls[2].frames >= 2 && calls[3].frames >= 2; }));
  }
}

}  // namespace
}  // namespace petrel::inline v0
