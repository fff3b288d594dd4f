#include "petrel/ice/agent.hpp"

#include <gtest/gtest.h>

#include "ice/checklist.hpp"
#include "ice/fake_stun_server.hpp"
#include "ice/party.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::Fate;
using petrel::testing::LinkConfig;
using petrel::testing::NatConfig;
using petrel::testing::Packet;
using petrel::testing::SiteId;
using testing::alice_ip;
using testing::bob_ip;
using testing::Couple;
using testing::FakeStunServer;
using testing::HostId;
using testing::Lan;
using testing::Network;
using testing::Party;
using testing::SeededRandom;

static_assert(FlowCore<Agent>);

PacketBuffer packet(std::string_view text) { return PacketBuffer::copy_of(as_bytes(text)).value(); }

TEST(Agent, ConnectsTwoHostsOnOneLanInAFewMilliseconds) {
  Lan lan(1);
  lan.couple.exchange_everything();

  ASSERT_TRUE(lan.completes_within(15ms));

  const std::vector<State> expected{State::checking, State::connected, State::completed};
  EXPECT_EQ(lan.alice.states(), expected);
  EXPECT_EQ(lan.bob.states(), expected);
  const SelectedPair alice = lan.alice.agent().selected(lan.alice.stream()).value();
  const SelectedPair bob = lan.bob.agent().selected(lan.bob.stream()).value();
  EXPECT_EQ(alice.local.endpoint, bob.remote.endpoint);
  EXPECT_EQ(alice.remote.endpoint, bob.local.endpoint);
  EXPECT_EQ(alice.local.type, CandidateType::host);
  EXPECT_EQ(alice.round_trip, 2ms);
}

TEST(Agent, ConnectsOverIpv6) {
  const IpAddress alice_v6 = IpAddress::parse("2001:db8::1").value();
  const IpAddress bob_v6 = IpAddress::parse("2001:db8::2").value();
  Network network(1);
  const HostId alice = network.add_host({.name = "alice", .addresses = {alice_v6}});
  const HostId bob = network.add_host({.name = "bob", .addresses = {bob_v6}});
  Couple couple(network, alice, {alice_v6}, bob, {bob_v6});
  couple.exchange_everything();

  EXPECT_TRUE(network.run_until([&] { return couple.are_completed(); }, 1s));
}

TEST(Agent, SendsDataOnTheSelectedPairAndKnowsWhoseDataArrives) {
  Lan lan(1);
  const StreamId stream = lan.alice.stream();
  EXPECT_FALSE(lan.alice.agent().send(lan.network.now(), stream, packet("too early")));
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));

  EXPECT_TRUE(lan.alice.agent().send(lan.network.now(), stream, packet("hello")));

  const auto sent = lan.alice.agent().poll_transmit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(as_text(sent->payload.bytes()), "hello");
  const SelectedPair pair = lan.bob.agent().selected(lan.bob.stream()).value();
  EXPECT_EQ(sent->destination, pair.local.endpoint);
  EXPECT_EQ(lan.bob.agent().stream_of(FlowId{1}, pair.remote.endpoint), lan.bob.stream());
  EXPECT_EQ(lan.bob.agent().stream_of(FlowId{2}, pair.remote.endpoint), std::nullopt);
  EXPECT_EQ(lan.bob.agent().stream_of(FlowId{1}, Endpoint::v4(192, 0, 2, 9, 1)), std::nullopt);
  EXPECT_EQ(lan.alice.agent().stats().sends_without_pair, 1u);
  const StreamReport report = lan.alice.agent().report(stream);
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_EQ(report.pairs[0].bytes_sent, 5u);
}

TEST(Agent, LeavesWhatIsNotStunToOthers) {
  Lan lan(1);
  const auto dtls = as_bytes("\x16\xfe\xfd");
  EXPECT_FALSE(lan.alice.agent().handle_datagram(lan.network.now(), {FlowId{1}, {}, {}, dtls}));
  EXPECT_FALSE(lan.alice.agent().handle_datagram(lan.network.now(), {FlowId{1}, {}, {}, {}}));
  EXPECT_EQ(lan.alice.agent().stats().malformed_dropped, 0u);
}

TEST(Agent, CountsAndDropsWhatOnlyLooksLikeStun) {
  Lan lan(1);
  const std::array<std::byte, 20> zeros{};
  EXPECT_TRUE(lan.alice.agent().handle_datagram(lan.network.now(), {FlowId{1}, {}, {}, zeros}));
  EXPECT_EQ(lan.alice.agent().stats().malformed_dropped, 1u);
  EXPECT_FALSE(lan.alice.agent().poll_transmit());
}

// Any one packet lost: the others make up for it.
TEST(Agent, ConnectsWhicheverPacketIsLost) {
  for (std::uint64_t lost = 0; lost < 12; ++lost) {
    Lan lan(7);
    lan.network.set_tap([lost](std::uint64_t index, const Packet&) { return Fate{.drop = index == lost}; });
    lan.couple.exchange_everything();
    EXPECT_TRUE(lan.completes_within(2s)) << "packet " << lost;
  }
}

TEST(Agent, ConnectsWhicheverPacketIsDoubledOrLate) {
  for (std::uint64_t odd = 0; odd < 12; ++odd) {
    Lan twice(7);
    twice.network.set_tap(
        [odd](std::uint64_t index, const Packet&) { return Fate{.copies = index == odd ? 2u : 1u}; });
    twice.couple.exchange_everything();
    EXPECT_TRUE(twice.completes_within(2s)) << "packet " << odd;

    Lan late(7);
    late.network.set_tap([odd](std::uint64_t index, const Packet&) {
      return Fate{.delay = index == odd ? Duration(300ms) : Duration(0)};
    });
    late.couple.exchange_everything();
    EXPECT_TRUE(late.completes_within(2s)) << "packet " << odd;
  }
}

TEST(Agent, ConnectsThroughHeavyLoss) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Lan lan(seed, {.latency = 20ms, .jitter = 10ms, .loss_percent = 20});
    lan.couple.exchange_everything();
    EXPECT_TRUE(lan.completes_within(60s)) << "seed " << seed;
  }
}

TEST(Agent, RunsTheSameWayForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    Lan lan(seed, {.latency = 20ms, .jitter = 10ms, .loss_percent = 20});
    lan.couple.exchange_everything();
    lan.network.run_for(60s);
    return lan.alice.history() + lan.bob.history() + std::to_string(lan.network.trace_hash());
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

TEST(Agent, SettlesOnOneControllingSideWhenBothBeganAsControlling) {
  for (const Role role : {Role::controlling, Role::controlled}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Lan lan(seed, {.latency = 5ms});
      lan.alice.agent().set_role(lan.network.now(), role);
      lan.bob.agent().set_role(lan.network.now(), role);
      lan.couple.exchange_everything();
      ASSERT_TRUE(lan.completes_within(2s)) << "seed " << seed;
      EXPECT_NE(lan.alice.agent().role(), lan.bob.agent().role());
      EXPECT_GT(lan.alice.agent().stats().role_conflicts + lan.bob.agent().stats().role_conflicts, 0u);
    }
  }
}

TEST(Agent, ConnectsThroughNatsThatNeedPunching) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Network network(seed, {.latency = 10ms, .loss_percent = 5});
    const IpAddress inside_a = IpAddress::v4(192, 168, 0, 2);
    const IpAddress inside_b = IpAddress::v4(10, 0, 0, 2);
    const IpAddress server_ip = IpAddress::v4(198, 51, 100, 1);
    const SiteId site_a = network.add_nat(NatConfig::port_restricted(), {IpAddress::v4(203, 0, 113, 1)});
    const SiteId site_b = network.add_nat(NatConfig::port_restricted(), {IpAddress::v4(203, 0, 113, 2)});
    const HostId alice = network.add_host({.name = "alice", .addresses = {inside_a}, .site = site_a});
    const HostId bob = network.add_host({.name = "bob", .addresses = {inside_b}, .site = site_b});
    FakeStunServer server(server_ip);
    network.attach(network.add_host({.name = "server", .addresses = {server_ip}}), server);
    const AgentConfig config{.stun_servers = {{"198.51.100.1"}}};
    Couple couple(network, alice, {inside_a}, bob, {inside_b}, config, config);
    couple.exchange_everything();

    EXPECT_TRUE(network.run_until([&] { return couple.are_completed(); }, 20s)) << "seed " << seed;
    const SelectedPair pair = couple.alice.agent().selected(couple.alice.stream()).value();
    EXPECT_EQ(pair.local.type, CandidateType::server_reflexive);
    EXPECT_EQ(pair.remote.type, CandidateType::server_reflexive);
    network.detach(&server);
  }
}

TEST(Agent, LearnsThePeersAddressFromItsCheckWhenNobodySignalledIt) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
  lan.bob.trickle_to(lan.alice);  // Alice's candidates never arrive.
  lan.alice.gather();
  lan.bob.gather();

  ASSERT_TRUE(lan.completes_within(1s));
  const SelectedPair pair = lan.bob.agent().selected(lan.bob.stream()).value();
  EXPECT_EQ(pair.remote.type, CandidateType::peer_reflexive);
  EXPECT_EQ(pair.remote.priority, 0x6effffffu);  // 110, and the rest of alice's priority.
}

TEST(Agent, TakesASignalledCandidateInPlaceOfTheSamePeerReflexiveOne) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
  lan.bob.trickle_to(lan.alice);
  lan.alice.gather();
  lan.bob.gather();
  ASSERT_TRUE(lan.completes_within(1s));

  lan.alice.trickle_to(lan.bob);
  lan.network.run_for(1ms);

  const StreamReport report = lan.bob.agent().report(lan.bob.stream());
  ASSERT_EQ(report.remote_candidates.size(), 1u);
  EXPECT_EQ(report.remote_candidates[0].type, CandidateType::host);
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_TRUE(report.pairs[0].selected);
}

TEST(Agent, AnswersChecksThatComeBeforeTheAnswerAndConnectsWhenItIsThere) {
  Lan lan(1);
  // Bob has alice's offer; his answer is slow.
  lan.alice.introduce_to(lan.bob);
  lan.alice.trickle_to(lan.bob);
  lan.alice.gather();
  lan.bob.gather();
  lan.network.run_for(200ms);
  EXPECT_EQ(lan.alice.state(), State::new_);
  EXPECT_EQ(lan.bob.state(), State::connected);
  EXPECT_EQ(lan.alice.agent().stream_of(FlowId{1}, lan.bob.candidates().at(0).endpoint), lan.alice.stream());

  lan.bob.introduce_to(lan.alice);
  lan.network.run_for(15ms);

  EXPECT_TRUE(lan.couple.are_completed());
}

TEST(Agent, RemembersOnlySixteenChecksFromBeforeTheAnswer) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.alice.trickle_to(lan.bob);
  lan.alice.gather();
  lan.bob.gather();
  // Each of bob's checks reaches alice from another port.
  lan.network.run_for(5ms);
  std::vector<std::unique_ptr<Party>> others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(std::make_unique<Party>(lan.network, lan.bob_host, std::vector{bob_ip},
                                             AgentConfig{.role = Role::controlled}));
    Party& other = *others.back();
    lan.alice.introduce_to(other);
    other.gather();
    lan.network.run_for(1ms);
    other.agent()
        .add_remote_candidate(lan.network.now(), other.stream(), lan.alice.candidates().at(0))
        .value();
  }
  lan.network.run_for(200ms);

  // They are answered all the same.
  EXPECT_EQ(others.back()->state(), State::connected);
  EXPECT_GE(lan.alice.agent().stats().early_checks_dropped, 5u);
}

TEST(Agent, FollowsTrickledCandidatesThatComeLate) {
  Lan lan(1);
  lan.alice.introduce_to(lan.bob);
  lan.bob.introduce_to(lan.alice);
  lan.alice.trickle_to(lan.bob, 10s);
  lan.bob.trickle_to(lan.alice, 12s);
  lan.alice.gather();
  lan.bob.gather();

  lan.network.run_for(9s);
  EXPECT_EQ(lan.alice.state(), State::checking);
  EXPECT_TRUE(lan.completes_within(1100ms));
}

TEST(Agent, WaitsForThePatienceTimerEvenWithoutAnyCandidate) {
  Lan lan(1);
  lan.bob.introduce_to(lan.alice);
  lan.alice.agent().end_of_remote_candidates(lan.network.now(), lan.alice.stream());

  lan.network.run_for(39'500ms - 1ns);
  EXPECT_EQ(lan.alice.state(), State::checking);
  lan.network.run_for(1ns);
  EXPECT_EQ(lan.alice.state(), State::failed);
}

TEST(Agent, FailsWhenTheLastCheckHasGoneUnansweredAndPatienceIsOver) {
  Lan lan(1);
  lan.bob.introduce_to(lan.alice);
  lan.alice.gather();
  lan.bob.gather();
  lan.network.run_for(30s);
  Candidate nobody = lan.bob.candidates().at(0);
  nobody.endpoint = Endpoint::v4(192, 0, 2, 99, 9);
  lan.alice.agent().add_remote_candidate(lan.network.now(), lan.alice.stream(), nobody).value();

  lan.network.run_for(39'500ms - 1ns);  // 500 ms x (1 + 2 + 4 + 8 + 16 + 32 + 16)
  EXPECT_EQ(lan.alice.state(), State::checking);
  lan.network.run_for(1ns);
  EXPECT_EQ(lan.alice.state(), State::failed);

  const StreamReport report = lan.alice.agent().report(lan.alice.stream());
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_EQ(report.pairs[0].state, PairState::failed);
  EXPECT_EQ(report.pairs[0].outcome, PairOutcome::unanswered);
  EXPECT_EQ(report.pairs[0].requests_sent, 7u);
}

TEST(Agent, IsDisconnectedWithinSecondsAndFailsWhenConsentExpires) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  lan.network.run_for(60s);
  ASSERT_EQ(lan.alice.state(), State::completed);

  lan.network.set_tap([](std::uint64_t, const Packet&) { return Fate{.drop = true}; });
  lan.network.run_for(12s);
  EXPECT_EQ(lan.alice.state(), State::disconnected);
  EXPECT_TRUE(lan.alice.agent().send(lan.network.now(), lan.alice.stream(), packet("still allowed")));
  lan.network.run_for(19s);

  EXPECT_EQ(lan.alice.state(), State::failed);
  EXPECT_EQ(lan.bob.state(), State::failed);
  EXPECT_FALSE(lan.alice.agent().send(lan.network.now(), lan.alice.stream(), packet("no consent")));
  EXPECT_EQ(lan.alice.agent().next_timeout(), std::nullopt);
}

TEST(Agent, RecoversWhenThePeerAnswersAgain) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  lan.network.set_tap([](std::uint64_t, const Packet&) { return Fate{.drop = true}; });
  lan.network.run_for(12s);
  ASSERT_EQ(lan.alice.state(), State::disconnected);

  lan.network.set_tap([](std::uint64_t, const Packet&) { return Fate{}; });
  lan.network.run_for(2s);

  EXPECT_EQ(lan.alice.state(), State::completed);
}

TEST(Agent, BarelyNoticesALostConsentCheck) {
  Lan lan(1, {.latency = 20ms, .loss_percent = 10});
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(10s));
  const std::size_t states = lan.alice.states().size();

  lan.network.run_for(10min);

  EXPECT_EQ(lan.alice.state(), State::completed);
  EXPECT_EQ(lan.alice.states().size(), states);
}

TEST(Agent, NominatesToALitePeerThatNeverChecks) {
  Network network(1);
  const HostId alice_host = network.add_host({.name = "alice", .addresses = {alice_ip}});
  const HostId bob_host = network.add_host({.name = "bob", .addresses = {bob_ip}});
  Couple couple(network, alice_host, {alice_ip}, bob_host, {bob_ip});
  couple.alice.agent().set_role(network.now(), Role::controlled);  // The lite side offered.
  couple.bob.introduce_to(couple.alice, true);
  couple.bob.trickle_to(couple.alice);
  // Bob knows nothing about alice, so he only answers: what a lite agent does.
  couple.alice.gather();
  couple.bob.gather();

  EXPECT_TRUE(network.run_until([&] { return couple.alice.is_completed(); }, 1s));
  EXPECT_EQ(couple.alice.agent().role(), Role::controlling);
  EXPECT_EQ(couple.bob.agent().stats().checks_sent, 0u);
  EXPECT_TRUE(couple.alice.agent().report(couple.alice.stream()).remote_is_lite);
}

TEST(Agent, CountsCandidatesThatItCannotUse) {
  Lan lan(1);
  lan.couple.exchange_everything();
  const StreamId stream = lan.alice.stream();
  for (const std::string_view line : {
           "candidate:1 1 udp 1 printer.local 5000 typ host",
           "candidate:1 1 tcp 1 192.0.2.7 9 typ host tcptype active",
           "candidate:1 2 udp 1 192.0.2.7 5000 typ host",
           "candidate:1 1 udp 1 0.0.0.0 5000 typ host",
           "candidate:1 1 udp 1 192.0.2.7 0 typ host",
           "candidate:1 1 udp 1 192.0.2.7 5000 typ host ufrag theOther",
       }) {
    EXPECT_TRUE(
        lan.alice.agent().add_remote_candidate(lan.network.now(), stream, parse_candidate(line).value()))
        << line;
  }
  const AgentStats& stats = lan.alice.agent().stats();
  EXPECT_EQ(stats.name_candidates_ignored, 1u);
  EXPECT_EQ(stats.tcp_candidates_ignored, 1u);
  EXPECT_EQ(stats.other_candidates_ignored, 4u);
  EXPECT_TRUE(lan.completes_within(1s));
}

TEST(Agent, KeepsToTheRemoteAddressesThatItMay) {
  const AgentConfig elsewhere{.remote_addresses = {.only = {IpPrefix::parse("198.51.100.0/24").value()}}};
  const AgentConfig here{.remote_addresses = {.except = {IpPrefix::parse("198.51.100.0/24").value()}}};

  Lan shut(1, {.latency = 1ms}, elsewhere);
  shut.couple.exchange_everything();
  EXPECT_FALSE(shut.completes_within(5s));
  EXPECT_EQ(shut.alice.agent().stats().filtered_candidates_ignored, 1u);
  EXPECT_GT(shut.alice.agent().stats().filtered_checks_dropped, 0u);
  EXPECT_TRUE(shut.alice.selections().empty());
  EXPECT_TRUE(shut.bob.selections().empty()) << "nobody has answered";

  Lan open(1, {.latency = 1ms}, here);
  open.couple.exchange_everything();
  EXPECT_TRUE(open.completes_within(1s));
  EXPECT_EQ(open.alice.agent().stats().filtered_candidates_ignored, 0u);
}

TEST(Agent, TakesSixtyFourRemoteCandidatesAndNoMore) {
  Lan lan(1);
  lan.bob.introduce_to(lan.alice);
  lan.alice.gather();
  lan.network.run_for(1ms);
  Candidate candidate = parse_candidate("candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host").value();
  for (std::uint16_t i = 0; i < 65; ++i) {
    candidate.endpoint.port = static_cast<std::uint16_t>(5000 + i);
    EXPECT_TRUE(lan.alice.agent().add_remote_candidate(lan.network.now(), lan.alice.stream(), candidate));
  }
  EXPECT_TRUE(lan.alice.agent().add_remote_candidate(lan.network.now(), lan.alice.stream(), candidate));

  EXPECT_EQ(lan.alice.agent().report(lan.alice.stream()).remote_candidates.size(), max_remote_candidates);
  EXPECT_EQ(lan.alice.agent().stats().excess_candidates_dropped, 2u);
}

TEST(Agent, ServesSeveralStreamsOverOneSocket) {
  Lan lan(1);
  const TimePoint now = lan.network.now();
  const StreamId alice_second = lan.alice.agent().add_stream(now);
  const StreamId bob_second = lan.bob.agent().add_stream(now);
  lan.couple.exchange_everything();
  lan.network.run_for(1ms);
  Agent& alice = lan.alice.agent();
  Agent& bob = lan.bob.agent();
  ASSERT_EQ(alice.local_candidates(alice_second).size(), 1u);
  EXPECT_NE(alice.local_credentials(alice_second), alice.local_credentials(lan.alice.stream()));
  alice.set_remote_credentials(now, alice_second, bob.local_credentials(bob_second), false).value();
  bob.set_remote_credentials(now, bob_second, alice.local_credentials(alice_second), false).value();
  alice.add_remote_candidate(now, alice_second, bob.local_candidates(bob_second)[0]).value();

  ASSERT_TRUE(lan.completes_within(1s));
  EXPECT_TRUE(lan.network.run_until(
      [&] {
        return alice.state(alice_second) == State::completed && bob.state(bob_second) == State::completed;
      },
      1s));
}

TEST(Agent, GoesOnWithTheOtherStreamsWhenOneIsRemoved) {
  Lan lan(1);
  const StreamId second = lan.alice.agent().add_stream(lan.network.now());
  lan.couple.exchange_everything();
  lan.alice.agent().remove_stream(lan.network.now(), second);

  EXPECT_TRUE(lan.completes_within(1s));
  EXPECT_EQ(lan.alice.agent().state(second), State::closed);
  EXPECT_TRUE(lan.alice.agent().local_credentials(second).ufrag.empty());
}

TEST(Agent, RefusesWhatMakesNoSense) {
  Lan lan(1);
  Agent& alice = lan.alice.agent();
  const TimePoint now = lan.network.now();
  const StreamId stream = lan.alice.stream();
  const Credentials good{"abcd", "0123456789012345678901"};

  EXPECT_EQ(alice.set_remote_credentials(now, StreamId{99}, good, false).error(), Errc::unknown_stream);
  EXPECT_EQ(alice.add_remote_candidate(now, StreamId{99}, {}).error(), Errc::unknown_stream);
  EXPECT_EQ(alice.add_remote_candidate(now, stream, {}).error(), Errc::credentials_missing);
  EXPECT_EQ(alice.set_remote_credentials(now, stream, {"abc", good.password}, false).error(),
            Errc::bad_credentials);
  EXPECT_TRUE(alice.set_remote_credentials(now, stream, good, false));
  EXPECT_TRUE(alice.set_remote_credentials(now, stream, good, false));
  EXPECT_EQ(alice.set_remote_credentials(now, stream, {"efgh", good.password}, false).error(),
            Errc::credentials_changed);
  EXPECT_FALSE(alice.send(now, StreamId{99}, packet("x")));
}

TEST(Agent, ClosesItsSocketsAndIsSilentThen) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  Agent& alice = lan.alice.agent();

  alice.close(lan.network.now());

  const auto request = alice.poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<CloseFlow>(*request).flow, FlowId{1});
  EXPECT_FALSE(alice.poll_request());
  EXPECT_EQ(alice.next_timeout(), std::nullopt);
  EXPECT_EQ(alice.state(lan.alice.stream()), State::closed);
  lan.network.run_for(60s);
  EXPECT_EQ(lan.alice.states().back(), State::closed);
  EXPECT_FALSE(alice.poll_transmit());
}

TEST(Agent, MovesToAnotherPairWhenASocketFailsBeforeItsStreamDoes) {
  const IpAddress second_ip = IpAddress::v4(198, 51, 100, 1);
  Network network(1, {.latency = 5ms});
  const HostId alice_host = network.add_host({.name = "alice", .addresses = {alice_ip, second_ip}});
  const HostId bob_host = network.add_host({.name = "bob", .addresses = {bob_ip}});
  Couple couple(network, alice_host, {alice_ip, second_ip}, bob_host, {bob_ip});
  couple.alice.introduce_to(couple.bob);
  couple.bob.introduce_to(couple.alice);
  couple.alice.gather();
  couple.bob.gather();
  network.run_for(1ms);
  couple.bob.trickle_to(couple.alice);
  ASSERT_TRUE(network.run_until([&] { return couple.alice.state() == State::connected; }, 1s));

  couple.alice.agent().handle_flow(network.now(), FlowId{1},
                                   FlowFailed{make_error_code(petrel::Errc::closed)});

  ASSERT_TRUE(network.run_until([&] { return couple.alice.is_completed(); }, 2s));
  EXPECT_EQ(couple.alice.agent().selected(couple.alice.stream())->local.endpoint.address, second_ip);
  EXPECT_EQ(couple.alice.agent().stats().sockets_failed, 1u);
}

TEST(Agent, SendsNothingMoreByASocketThatFailed) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  Agent& alice = lan.alice.agent();
  EXPECT_TRUE(alice.send(lan.network.now(), lan.alice.stream(), packet("queued")));

  alice.handle_flow(lan.network.now(), FlowId{1}, FlowFailed{make_error_code(petrel::Errc::closed)});

  EXPECT_FALSE(alice.poll_transmit());
  EXPECT_FALSE(alice.send(lan.network.now(), lan.alice.stream(), packet("later")));
  EXPECT_EQ(lan.alice.agent().report(lan.alice.stream()).pairs[0].outcome, PairOutcome::socket_failed);
}

TEST(Agent, StandsStillWhenTimeGoesBack) {
  Lan lan(1);
  lan.couple.exchange_everything();
  ASSERT_TRUE(lan.completes_within(1s));
  Agent& alice = lan.alice.agent();
  const auto next = alice.next_timeout();

  alice.handle_timeout(TimePoint{} - 1h);

  EXPECT_EQ(alice.next_timeout(), next);
  EXPECT_EQ(lan.alice.state(), State::completed);
}

}  // namespace
}  // namespace petrel::inline v0::ice
