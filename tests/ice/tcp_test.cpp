// Agents that meet over TCP (RFC 6544), and one whose strangers the test plays.

#include <gtest/gtest.h>

#include "ice/check.hpp"
#include "ice/checklist.hpp"
#include "ice/connections.hpp"
#include "ice/framing.hpp"
#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::Fate;
using petrel::testing::LinkConfig;
using petrel::testing::NatConfig;
using petrel::testing::Packet;
using testing::alice_ip;
using testing::bob_ip;
using testing::Couple;
using testing::HostId;
using testing::Lan;
using testing::Network;
using testing::Party;
using testing::SeededRandom;

const AgentConfig active{.tcp = TcpCandidates::active};
constexpr LinkConfig near{.latency = 1ms};

AgentConfig with(TcpCandidates tcp, bool udp = false) { return {.tcp = tcp, .gather_udp = udp}; }

SelectedPair selected(Party& party) { return party.agent().selected(party.stream()).value(); }

// Packets of any size up to a datagram's, both ways, in order and unharmed.
void expect_data_flows(Network& network, Couple& couple) {
  for (auto [from, to] : {std::pair(&couple.alice, &couple.bob), std::pair(&couple.bob, &couple.alice)}) {
    for (const std::size_t size : {1u, 100u, 1200u}) {
      std::vector<std::byte> content(size, std::byte{0x80});
      content.back() = std::byte{0x90};
      auto payload = PacketBuffer::copy_of(content).value();
      EXPECT_TRUE(from->agent().send(network.now(), from->stream(), std::move(payload)));
      network.run_for(500ms);
      const auto packet = to->agent().poll_relayed();
      ASSERT_TRUE(packet) << size;
      EXPECT_TRUE(equal(packet->payload.bytes(), content));
      EXPECT_EQ(to->agent().stream_of(packet->flow, packet->source), to->stream());
      EXPECT_FALSE(to->agent().poll_relayed());
    }
  }
}

TEST(Tcp, ConnectsWhoeverControls) {
  for (const bool swapped : {false, true}) {
    const AgentConfig first = with(swapped ? TcpCandidates::passive : TcpCandidates::active);
    const AgentConfig second = with(swapped ? TcpCandidates::active : TcpCandidates::passive);
    Lan lan(1, near, first, second);
    lan.couple.exchange_everything();
    ASSERT_TRUE(lan.completes_within(300ms));
    const SelectedPair ours = selected(swapped ? lan.bob : lan.alice);
    const SelectedPair theirs = selected(swapped ? lan.alice : lan.bob);
    EXPECT_EQ(ours.local.tcp_type, "active");
    EXPECT_EQ(ours.local.endpoint.port, 9);
    EXPECT_EQ(ours.remote.tcp_type, "passive");
    EXPECT_EQ(ours.remote.type, CandidateType::host);
    EXPECT_EQ(theirs.local.endpoint, ours.remote.endpoint);
    EXPECT_EQ(theirs.remote.type, CandidateType::peer_reflexive);
    EXPECT_EQ(theirs.remote.protocol, TransportProtocol::tcp);
    EXPECT_EQ(theirs.remote.tcp_type, "active");
    EXPECT_EQ(ours.round_trip, 2ms) << "the handshake does not count";
    expect_data_flows(lan.network, lan.couple);
    EXPECT_EQ(lan.alice.agent().stats().unmatched_responses, 0u);
  }
}

TEST(Tcp, TellsItsCandidatesAsRfc6544Has) {
  AgentConfig config = with(TcpCandidates::both, true);
  config.tcp_ports = {{6000, 6000}};
  config.external_addresses = {{alice_ip, IpAddress::v4(203, 0, 113, 7)}};
  Lan lan(1, near, config);
  lan.alice.gather();
  lan.network.run_for(1ms);
  ASSERT_TRUE(lan.alice.gathered());
  const auto& told = lan.alice.candidates();
  ASSERT_EQ(told.size(), 5u);
  EXPECT_EQ(told[0].protocol, TransportProtocol::udp);
  EXPECT_EQ(told[2].endpoint, (Endpoint{alice_ip, 9}));
  EXPECT_EQ(told[2].tcp_type, "active");
  EXPECT_EQ(told[3].endpoint, (Endpoint{alice_ip, 6000}));
  EXPECT_EQ(told[3].tcp_type, "passive");
  EXPECT_EQ(told[4].type, CandidateType::server_reflexive);
  EXPECT_EQ(told[4].endpoint, (Endpoint{IpAddress::v4(203, 0, 113, 7), 6000}));
  EXPECT_EQ(told[4].related, told[3].endpoint);
  EXPECT_EQ(told[2].foundation, told[3].foundation);
  EXPECT_NE(told[2].foundation, told[0].foundation);
  for (std::size_t i = 1; i < told.size(); ++i) EXPECT_LT(told[i].priority, told[i - 1].priority) << i;
}

TEST(Tcp, ComesAfterUdp) {
  Lan lan(1, near, with(TcpCandidates::active, true), with(TcpCandidates::passive, true));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(5s));
  EXPECT_EQ(selected(lan.alice).local.protocol, TransportProtocol::udp);
  lan.network.run_for(idle_limit + 5s);
  EXPECT_EQ(lan.alice.agent().stats().tcp_connections_lost, 0u);
  EXPECT_EQ(lan.bob.state(), State::completed);
}

TEST(Tcp, WaitsForALostUdpCheckToBeSentAgain) {
  Lan lan(1, near, with(TcpCandidates::active, true), with(TcpCandidates::passive, true));
  lan.network.set_tap([&](std::uint64_t, const Packet& packet) {
    return Fate{.drop = packet.protocol == TransportProtocol::udp && lan.network.now() < TimePoint(1400ms)};
  });
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(5s));
  EXPECT_EQ(selected(lan.alice).local.protocol, TransportProtocol::udp);
}

TEST(Tcp, GoesOutOfANetworkThatBlocksUdp) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Network network(seed, {.latency = 20ms, .loss_percent = 10});
    const IpAddress inside = IpAddress::v4(192, 168, 0, 2);
    const auto office = network.add_nat(NatConfig::udp_blocked(), {IpAddress::v4(203, 0, 113, 1)});
    const HostId alice = network.add_host({.name = "alice", .addresses = {inside}, .site = office});
    const HostId bob = network.add_host({.name = "bob", .addresses = {bob_ip}});
    Couple couple(network, alice, {inside}, bob, {bob_ip}, active, with(TcpCandidates::passive, true));
    couple.exchange_everything();
    ASSERT_TRUE(network.run_until([&] { return couple.are_completed(); }, 30s)) << network.report();
    EXPECT_EQ(selected(couple.alice).local.type, CandidateType::peer_reflexive) << "as bob sees it";
    EXPECT_EQ(selected(couple.alice).local.tcp_type, "active");
  }
}

TEST(Tcp, ServesFromALiteAgent) {
  AgentConfig lite = with(TcpCandidates::both);
  lite.lite = true;
  Lan lan(1, near, active, lite);
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice, true);
  lan.alice.trickle_to(lan.bob);
  lan.bob.trickle_to(lan.alice);
  lan.alice.gather();
  lan.bob.gather();
  ASSERT_TRUE(lan.completes_within(3s));
  ASSERT_EQ(lan.bob.candidates().size(), 1u);
  EXPECT_EQ(lan.bob.candidates()[0].tcp_type, "passive");
  expect_data_flows(lan.network, lan.couple);
}

TEST(Tcp, MakesNoPairOfTwoThatWaitOrTwoThatConnect) {
  for (const TcpCandidates tcp : {TcpCandidates::active, TcpCandidates::passive}) {
    Lan lan(1, near, with(tcp), with(tcp));
    lan.couple.exchange_everything();
    lan.network.run_for(1s);
    EXPECT_TRUE(lan.alice.agent().report(lan.alice.stream()).pairs.empty());
    EXPECT_EQ(lan.alice.agent().stats().tcp_candidates_ignored, 1u);
    EXPECT_FALSE(lan.completes_within(45s));
    EXPECT_EQ(lan.alice.state(), State::failed);
  }
}

TEST(Tcp, SaysWhyNoConnectionWasMade) {
  Lan lan(1, near, with(TcpCandidates::active));
  lan.bob.introduce_to(lan.alice);
  lan.alice.gather();
  const auto tell = [&](std::string_view text) {
    lan.alice.agent()
        .add_remote_candidate(lan.network.now(), lan.alice.stream(), *parse_candidate(text))
        .value();
  };
  tell("candidate:1 1 tcp 1518280447 192.0.2.2 4444 typ host tcptype passive");
  tell("candidate:2 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active");
  tell("candidate:3 1 tcp 1518280447 192.0.2.2 4445 typ host tcptype so");
  tell("candidate:4 1 tcp 1518280447 192.0.2.2 4446 typ host");
  lan.network.run_for(1s);
  const StreamReport report = lan.alice.agent().report(lan.alice.stream());
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_EQ(report.pairs[0].outcome, PairOutcome::connection_failed);
  EXPECT_EQ(lan.alice.agent().stats().tcp_candidates_ignored, 3u);
  EXPECT_EQ(lan.alice.state(), State::checking) << "patience";
}

// RFC 8489 6.2.2: a stream loses nothing, so nothing is sent twice.
TEST(Tcp, AsksOnceAndWaits) {
  TimePoint now{};
  SeededRandom random(1);
  Agent agent(now, with(TcpCandidates::active), random);
  const StreamId stream = agent.add_stream(now);
  const LocalAddress local{alice_ip, "eth0"};
  agent.handle_interfaces(now, {&local, 1});
  agent.gather(now);
  agent.set_remote_credentials(now, stream, {"them", "abcdefghijklmnopqrstuv"}, false).value();
  const auto remote = parse_candidate("candidate:1 1 tcp 1518280447 192.0.2.2 4444 typ host tcptype passive");
  agent.add_remote_candidate(now, stream, *remote).value();
  const FlowId flow = std::get<Connect>(agent.poll_request().value()).flow;
  EXPECT_FALSE(agent.poll_transmit());
  now += 1s;
  agent.handle_flow(now, flow, FlowOpened{{alice_ip, 50000}, remote->endpoint});
  ASSERT_TRUE(agent.poll_transmit());
  const TimePoint last = TimePoint(39'500ms);  // Ti, from the start of the check.
  while (agent.next_timeout() && *agent.next_timeout() < last) {
    now = *agent.next_timeout();
    agent.handle_timeout(now);
    ASSERT_FALSE(agent.poll_transmit());
  }
  EXPECT_EQ(agent.report(stream).pairs[0].outcome, PairOutcome::under_way);
  agent.handle_timeout(last);
  EXPECT_EQ(agent.report(stream).pairs[0].outcome, PairOutcome::unanswered);
}

TEST(Tcp, OpensAnotherConnectionWhenItIsCut) {
  for (const bool active_controls : {true, false}) {
    Network network(1, {.latency = 10ms});
    const IpAddress inside = IpAddress::v4(192, 168, 0, 2);
    const auto office = network.add_nat(NatConfig::udp_blocked(), {IpAddress::v4(203, 0, 113, 1)});
    const HostId alice = network.add_host({.name = "alice",
                                           .addresses = {active_controls ? inside : alice_ip},
                                           .site = active_controls ? office : petrel::testing::internet});
    const HostId bob = network.add_host({.name = "bob",
                                         .addresses = {active_controls ? bob_ip : inside},
                                         .site = active_controls ? petrel::testing::internet : office});
    Couple couple(network, alice, {active_controls ? inside : alice_ip}, bob,
                  {active_controls ? bob_ip : inside},
                  with(active_controls ? TcpCandidates::active : TcpCandidates::passive),
                  with(active_controls ? TcpCandidates::passive : TcpCandidates::active));
    couple.exchange_everything();
    ASSERT_TRUE(network.run_until([&] { return couple.are_completed(); }, 5s));
    // The NAT forgets the connection: the next segment has another source, which bob's host resets.
    for (int cut = 0; cut < 3; ++cut) {
      network.nat(office).reboot();
      network.run_for(20s);
      EXPECT_TRUE(couple.are_completed()) << "cut " << cut;
      expect_data_flows(network, couple);
    }
    Party& connecting = active_controls ? couple.alice : couple.bob;
    EXPECT_EQ(connecting.agent().stats().tcp_connections_opened, 4u);
    EXPECT_EQ(connecting.agent().stats().tcp_connections_lost, 3u);
  }
}

TEST(Tcp, OpensAnotherConnectionWhenItGoesQuiet) {
  Lan lan(1, near, with(TcpCandidates::active), with(TcpCandidates::passive));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  lan.network.run_for(1s);
  // A firewall that has lost its table drops the rest of the connection without a word.
  const Endpoint old = selected(lan.bob).remote.endpoint;
  lan.network.set_tap([old](std::uint64_t, const Packet& packet) {
    return Fate{.drop = packet.source == old || packet.destination == old};
  });
  lan.network.run_for(25s);
  EXPECT_TRUE(lan.couple.are_completed());
  EXPECT_NE(selected(lan.bob).remote.endpoint, old);
  expect_data_flows(lan.network, lan.couple);
}

TEST(Tcp, EndsWhenThePeerIsGone) {
  Lan lan(1, near, with(TcpCandidates::active), with(TcpCandidates::passive));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  lan.bob.agent().close(lan.network.now());
  lan.network.run_for(60s);
  EXPECT_EQ(lan.alice.state(), State::failed);
}

TEST(Tcp, KeepsItsConnectionOverARestart) {
  Lan lan(1, near, with(TcpCandidates::active), with(TcpCandidates::passive));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  for (Party* party : {&lan.alice, &lan.bob}) party->agent().restart(lan.network.now(), party->stream());
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
  lan.network.run_for(5s);
  EXPECT_TRUE(lan.couple.are_completed());
  EXPECT_EQ(lan.alice.agent().stats().tcp_connections_opened, 1u);
  expect_data_flows(lan.network, lan.couple);
}

TEST(Tcp, OutlivesMoreConnectionsThanItRemembersCandidates) {
  Lan lan(1, near, with(TcpCandidates::active), with(TcpCandidates::passive));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  for (std::size_t i = 0; i < 2 * max_remote_candidates; ++i) {
    const Endpoint old = selected(lan.bob).remote.endpoint;
    lan.network.set_tap([old](std::uint64_t, const Packet& packet) {
      return Fate{.drop = packet.source == old || packet.destination == old};
    });
    ASSERT_TRUE(lan.network.run_until(
        [&] {
          const auto pair = lan.bob.agent().selected(lan.bob.stream());
          return lan.couple.are_completed() && pair && pair->remote.endpoint != old;
        },
        60s))
        << i;
  }
  EXPECT_LE(lan.bob.agent().report(lan.bob.stream()).remote_candidates.size(), max_remote_candidates);
}

/// Bob's agent, with a stranger for a network.
class TcpStrangerTest : public ::testing::Test {
 protected:
  TcpStrangerTest() {
    stream = agent.add_stream(now);
    const LocalAddress local{bob_ip, "eth0"};
    agent.handle_interfaces(now, {&local, 1});
    agent.gather(now);
    while (const auto request = agent.poll_request()) {
      if (const auto* listen = std::get_if<Listen>(&*request)) listener = listen->flow;
    }
    agent.handle_flow(now, listener, FlowOpened{us});
    agent.handle_flow(now, flow, FlowAccepted{listener, us, them});
  }
  void receive(PacketBuffer packet) {
    const PacketBuffer frame = to_frame(std::move(packet));
    EXPECT_TRUE(agent.handle_datagram(now, {flow, them, us, frame.bytes()}));
  }
  PacketBuffer request(std::string_view password) {
    const Credentials& ours = agent.local_credentials(stream);
    crypto::HmacSha1Key key(as_bytes(password.empty() ? ours.password : password));
    const CheckContent content{.id = random.bytes<12>(), .priority = 1, .role = Role::controlling};
    return make_check(content, {theirs, ours, key}).value();
  }
  bool is_closed() {
    while (const auto request = agent.poll_request()) {
      const auto* close = std::get_if<CloseFlow>(&*request);
      if (close != nullptr && close->flow == flow) return true;
    }
    return false;
  }

  const Credentials theirs{"them", "abcdefghijklmnopqrstuv"};
  const Endpoint us{bob_ip, 4000};
  const Endpoint them{alice_ip, 50000};
  const FlowId flow = first_accepted_flow;
  FlowId listener{};
  TimePoint now{};
  SeededRandom random{1};
  Agent agent{now, {.role = Role::controlled, .tcp = TcpCandidates::passive, .gather_udp = false}, random};
  StreamId stream;
};

TEST_F(TcpStrangerTest, IsAnsweredAndKeptWithTheRightPassword) {
  receive(request(""));
  EXPECT_EQ(agent.stream_of(listener, them), stream);
  const Transmit answer = agent.poll_transmit().value();
  EXPECT_EQ(answer.flow, flow);
  const auto message = stun::MessageView::parse(answer.payload.bytes().subspan(2)).value();
  EXPECT_EQ(message.xor_mapped_address(), them);
  now += proving_time;
  agent.handle_timeout(now);
  EXPECT_FALSE(is_closed());
  receive(PacketBuffer::copy_of(as_bytes("\x80 media")).value());
  EXPECT_TRUE(agent.poll_relayed());
}

TEST_F(TcpStrangerTest, IsSentAwayWithAWrongPasswordWhenItsTimeIsOver) {
  receive(request("guess"));
  EXPECT_EQ(agent.stats().wrong_integrity_dropped, 1u);
  EXPECT_FALSE(agent.stream_of(listener, them));
  now += proving_time - 1ns;
  agent.handle_timeout(now);
  EXPECT_FALSE(is_closed());
  EXPECT_EQ(agent.next_timeout(), now + 1ns);
  now += 1ns;
  agent.handle_timeout(now);
  EXPECT_TRUE(is_closed());
}

TEST_F(TcpStrangerTest, IsSentAwayAtOnceForAnythingThatIsNoStun) {
  receive(PacketBuffer::copy_of(as_bytes("\x80 media of nobody")).value());
  EXPECT_TRUE(is_closed());
  EXPECT_FALSE(agent.poll_relayed());
  EXPECT_EQ(agent.stats().tcp_connections_unproven, 1u);
}

TEST_F(TcpStrangerTest, IsSentAwayForWhatOnlyBeginsLikeStun) {
  receive(PacketBuffer::copy_of(as_bytes(std::string_view("\0\1 GET / HTTP/1.1", 18))).value());
  EXPECT_TRUE(is_closed());
}

TEST_F(TcpStrangerTest, HoldsNoMoreThanOneFrame) {
  const auto start = PacketBuffer::copy_of(std::vector<std::byte>(1400)).value();
  const PacketBuffer frame = to_frame(PacketBuffer::copy_of(start.bytes()).value());
  EXPECT_TRUE(agent.handle_datagram(now, {flow, them, us, frame.bytes().first(1000)}));
  EXPECT_FALSE(is_closed()) << "the rest may still come";
  const std::vector<std::byte> endless(1 << 16, std::byte{0xff});
  agent.handle_datagram(now, {flow, them, us, endless});
  EXPECT_TRUE(is_closed());
}

}  // namespace
}  // namespace petrel::inline v0::ice
