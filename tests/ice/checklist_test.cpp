#include "ice/checklist.hpp"

#include <gtest/gtest.h>

#include "ice/priority.hpp"

namespace petrel::inline v0::ice {
namespace {

LocalCandidate local(std::uint32_t flow, IpAddress address, std::uint16_t preference = 65535) {
  LocalCandidate made;
  made.candidate.foundation = std::to_string(flow);
  made.candidate.priority = candidate_priority(CandidateType::host, preference);
  made.candidate.endpoint = {address, 1000};
  made.flow = FlowId{flow};
  return made;
}

Candidate remote(std::uint16_t port, std::string foundation = "1", std::uint16_t preference = 65535) {
  Candidate candidate;
  candidate.foundation = std::move(foundation);
  candidate.priority = candidate_priority(CandidateType::host, preference);
  candidate.endpoint = Endpoint::v4(198, 51, 100, 1, port);
  return candidate;
}

const IpAddress here = IpAddress::v4(192, 0, 2, 1);
constexpr std::span<const std::string_view> nothing_busy;

Checklist with_pairs(std::uint16_t count) {
  Checklist checklist(Role::controlling);
  checklist.add_local(local(1, here));
  for (std::uint16_t i = 0; i < count; ++i) {
    checklist.add_remote(remote(static_cast<std::uint16_t>(2000 + i), std::to_string(i),
                                static_cast<std::uint16_t>(60000 - i)));
  }
  return checklist;
}

TEST(Checklist, PairsEachBaseWithEachRemoteOfItsFamily) {
  Checklist checklist(Role::controlling);
  checklist.add_local(local(1, here));
  checklist.add_local(local(2, IpAddress::parse("2001:db8::1").value()));
  LocalCandidate reflexive = local(1, IpAddress::v4(203, 0, 113, 1));
  reflexive.candidate.type = CandidateType::server_reflexive;
  checklist.add_local(reflexive);

  checklist.add_remote(remote(1));
  checklist.add_remote(remote(2));

  ASSERT_EQ(checklist.pairs().size(), 2u);
  EXPECT_EQ(checklist.pairs()[0].flow, FlowId{1});
  EXPECT_EQ(checklist.pairs()[1].flow, FlowId{1});
}

TEST(Checklist, PairsLinkLocalAddressesOnlyWithEachOtherAndGivesThemOurScope) {
  Checklist checklist(Role::controlling);
  const auto octets = IpAddress::parse("fe80::1")->octets();
  checklist.add_local(local(1, IpAddress::v6(octets, 7)));
  Candidate global = remote(1);
  global.endpoint.address = IpAddress::parse("2001:db8::1").value();
  Candidate link_local = remote(2);
  link_local.endpoint.address = IpAddress::parse("fe80::2").value();
  checklist.add_remote(global);
  checklist.add_remote(link_local);

  ASSERT_EQ(checklist.pairs().size(), 1u);
  const Endpoint scoped = checklist.pairs()[0].destination;
  EXPECT_EQ(scoped.address.scope_id(), 7u);
  // The check that comes back from there is not from a stranger.
  EXPECT_EQ(checklist.pair_of_request(FlowId{1}, scoped, 1), &checklist.pairs()[0]);
  EXPECT_EQ(checklist.remotes().size(), 2u);
}

TEST(Checklist, KnowsItsLinkLocalAddressAgainThoughThePeerSeesItWithoutAScope) {
  Checklist checklist(Role::controlling);
  const auto octets = IpAddress::parse("fe80::1")->octets();
  checklist.add_local(local(1, IpAddress::v6(octets, 7)));
  const std::uint16_t port = checklist.locals()[0].candidate.endpoint.port;

  EXPECT_EQ(checklist.learn_local({IpAddress::v6(octets), port}, 0, 5), 0u);
  EXPECT_EQ(checklist.locals().size(), 1u);
}

TEST(Checklist, TriesTheHighestPriorityFirst) {
  Checklist checklist = with_pairs(3);
  Pair* first = checklist.take_ordinary(nothing_busy);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->destination.port, 2000);
}

TEST(Checklist, KeepsPairsFrozenBehindARunningOneOfTheirFoundation) {
  Checklist checklist(Role::controlling);
  checklist.add_local(local(1, here));
  checklist.add_remote(remote(1, "same", 10));
  checklist.add_remote(remote(2, "same", 9));
  checklist.add_remote(remote(3, "other", 8));
  const std::string_view busy[] = {"1:same"};

  EXPECT_EQ(checklist.take_ordinary(busy)->destination.port, 3);

  checklist.unfreeze("1:same");
  EXPECT_EQ(checklist.take_ordinary(busy)->destination.port, 1);
}

TEST(Checklist, LetsALatePairOfAProvenFoundationStartAtOnce) {
  Checklist checklist = with_pairs(1);
  checklist.pairs()[0].state = PairState::succeeded;
  checklist.add_remote(remote(3000, "0", 1));
  EXPECT_EQ(checklist.find(FlowId{1}, Endpoint::v4(198, 51, 100, 1, 3000))->state, PairState::waiting);
}

TEST(Checklist, TakesTriggeredChecksInTheirOrderAndOnce) {
  Checklist checklist = with_pairs(3);
  Pair& last = checklist.pairs()[2];
  Pair& first = checklist.pairs()[0];
  checklist.trigger(last);
  checklist.trigger(first);
  checklist.trigger(last);
  EXPECT_EQ(checklist.take_triggered(), &last);
  EXPECT_EQ(checklist.take_triggered(), &first);
  EXPECT_EQ(checklist.take_triggered(), nullptr);
}

TEST(Checklist, MakesAPeerReflexiveCandidateOfAnUnknownSource) {
  Checklist checklist = with_pairs(1);
  checklist.add_local(local(2, IpAddress::v4(192, 0, 2, 2)));
  const Endpoint stranger = Endpoint::v4(203, 0, 113, 9, 9);

  const Pair* pair = checklist.pair_of_request(FlowId{1}, stranger, 77);

  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(checklist.remotes()[pair->remote].type, CandidateType::peer_reflexive);
  EXPECT_EQ(checklist.remotes()[pair->remote].priority, 77u);
  // RFC 8445 7.3.1.3: it gets this one pair, none with our other addresses.
  EXPECT_EQ(checklist.find(FlowId{2}, stranger), nullptr);
  EXPECT_EQ(checklist.pair_of_request(FlowId{1}, stranger, 78)->id, pair->id);
  EXPECT_EQ(checklist.pair_of_request(FlowId{9}, stranger, 79), nullptr);
}

TEST(Checklist, CompletesAPeerReflexiveCandidateWhenItIsSignalled) {
  Checklist checklist = with_pairs(0);
  checklist.add_local(local(2, IpAddress::v4(192, 0, 2, 2)));
  checklist.pair_of_request(FlowId{1}, remote(5).endpoint, 77);
  ASSERT_EQ(checklist.pairs().size(), 1u);

  EXPECT_EQ(checklist.add_remote(remote(5)), Checklist::Added::updated);
  EXPECT_EQ(checklist.pairs().size(), 2u);
  EXPECT_EQ(checklist.remotes()[0].type, CandidateType::host);
  EXPECT_EQ(checklist.pairs()[0].foundation, "1:1");
  EXPECT_EQ(checklist.add_remote(remote(5)), Checklist::Added::duplicate);
}

TEST(Checklist, NamesTheLocalCandidateThatThePeerSaw) {
  Checklist checklist = with_pairs(1);
  EXPECT_EQ(checklist.learn_local({here, 1000}, 0, 5), 0u);
  const std::size_t learnt = checklist.learn_local(Endpoint::v4(203, 0, 113, 1, 7), 0, 5);
  EXPECT_EQ(learnt, 1u);
  EXPECT_EQ(checklist.locals()[1].candidate.type, CandidateType::peer_reflexive);
  EXPECT_EQ(checklist.locals()[1].candidate.related, (Endpoint{here, 1000}));
  EXPECT_EQ(checklist.learn_local(Endpoint::v4(203, 0, 113, 1, 7), 0, 5), 1u);
  for (std::uint16_t port = 8; port < 300; ++port) {
    checklist.learn_local(Endpoint::v4(203, 0, 113, 1, port), 0, 5);
  }
  EXPECT_EQ(checklist.locals().size(), max_local_candidates);
}

TEST(Checklist, HoldsAHundredPairsAndDropsTheLowest) {
  Checklist checklist(Role::controlling);
  for (std::uint32_t flow = 1; flow <= 4; ++flow) {
    checklist.add_local(local(flow, IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(flow)),
                              static_cast<std::uint16_t>(flow)));
  }
  for (std::uint16_t port = 0; port < max_remote_candidates; ++port) {
    EXPECT_EQ(checklist.add_remote(remote(port)), Checklist::Added::added);
  }
  EXPECT_EQ(checklist.add_remote(remote(9999)), Checklist::Added::full);
  ASSERT_EQ(checklist.pairs().size(), max_pairs);
  EXPECT_EQ(checklist.take_pruned(), 4 * max_remote_candidates - max_pairs);
  EXPECT_EQ(checklist.take_pruned(), 0u);
  EXPECT_EQ(checklist.pairs().front().flow, FlowId{4});
  EXPECT_EQ(checklist.pairs().back().flow, FlowId{3});
}

TEST(Checklist, NeverDropsAPairThatWorksForOneThatHasNotBeenTried) {
  Checklist checklist(Role::controlling);
  checklist.add_local(local(1, IpAddress::v4(192, 0, 2, 1), 1));
  checklist.add_remote(remote(1));
  const PairId working = checklist.pairs()[0].id;
  checklist.pairs()[0].state = PairState::succeeded;
  for (std::uint32_t flow = 2; flow <= 4; ++flow) {
    checklist.add_local(local(flow, IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(flow)), 65535));
  }
  for (std::uint16_t port = 2; port < 64; ++port) checklist.add_remote(remote(port));
  EXPECT_EQ(checklist.pairs().size(), max_pairs);
  EXPECT_NE(checklist.find(working), nullptr);
}

TEST(Checklist, StopsEverythingButWhatThePeerHasNominated) {
  Checklist checklist = with_pairs(3);
  checklist.pairs()[0].state = PairState::succeeded;
  checklist.trigger(checklist.pairs()[1]);
  checklist.pairs()[2].nominate_when_valid = true;

  checklist.stop();

  EXPECT_FALSE(checklist.has_ordinary());
  EXPECT_EQ(checklist.take_ordinary(nothing_busy), nullptr);
  EXPECT_EQ(checklist.pairs()[0].state, PairState::succeeded);
  EXPECT_EQ(checklist.pairs()[1].outcome, PairOutcome::stopped);
  EXPECT_EQ(checklist.take_triggered(), &checklist.pairs()[2]);
  EXPECT_FALSE(checklist.has_triggered());
}

TEST(Checklist, FailsThePairsOfASocketThatBroke) {
  Checklist checklist = with_pairs(2);
  checklist.trigger(checklist.pairs()[0]);
  checklist.fail_flow(FlowId{1});
  EXPECT_FALSE(checklist.has_triggered());
  EXPECT_FALSE(checklist.has_ordinary());
  EXPECT_EQ(checklist.pairs()[1].outcome, PairOutcome::socket_failed);
}

TEST(Checklist, ReordersItselfWhenTheRoleChanges) {
  Checklist checklist = with_pairs(1);
  const std::uint64_t before = checklist.pairs()[0].priority;
  checklist.set_role(Role::controlled);
  EXPECT_NE(checklist.pairs()[0].priority, before);
  EXPECT_EQ(checklist.role(), Role::controlled);
}

LocalCandidate tcp_local(std::uint32_t flow, std::string_view type) {
  LocalCandidate made = local(flow, here);
  made.candidate.protocol = TransportProtocol::tcp;
  made.candidate.tcp_type = type;
  if (type == "active") made.candidate.endpoint.port = 9;
  return made;
}
Candidate tcp_remote(std::uint16_t port, std::string_view type) {
  Candidate candidate = remote(port);
  candidate.protocol = TransportProtocol::tcp;
  candidate.tcp_type = type;
  return candidate;
}
PairOutcome outcome_after_resume(Checklist& checklist) {
  checklist.resume(std::nullopt);
  return checklist.pairs()[0].outcome;
}

TEST(Checklist, PairsWhoConnectsWithWhoListens) {
  Checklist checklist(Role::controlling);
  checklist.add_local(local(1, here));
  checklist.add_local(tcp_local(2, "active"));
  checklist.add_local(tcp_local(3, "passive"));
  checklist.add_local(tcp_local(4, "so"));
  for (const std::string_view type : {"active", "passive", "so"}) {
    EXPECT_EQ(checklist.add_remote(tcp_remote(2000, type)), Checklist::Added::added) << "each is its own";
  }
  ASSERT_EQ(checklist.pairs().size(), 2u);
  EXPECT_EQ(checklist.remotes()[checklist.find(FlowId{2}, remote(2000).endpoint)->remote].tcp_type,
            "passive");
  EXPECT_EQ(checklist.remotes()[checklist.find(FlowId{4}, remote(2000).endpoint)->remote].tcp_type, "so");
}

TEST(Checklist, LearnsFromAConnectionWhoMadeIt) {
  Checklist checklist(Role::controlling);
  checklist.add_local(tcp_local(3, "passive"));
  checklist.add_remote(tcp_remote(9, "active"));
  const Pair* pair = checklist.pair_of_request(FlowId{3}, remote(50000).endpoint, 1234);
  ASSERT_NE(pair, nullptr);
  EXPECT_TRUE(pair->over_tcp && pair->awaits_peer);
  const Candidate& learnt = checklist.remotes()[pair->remote];
  EXPECT_EQ(learnt.type, CandidateType::peer_reflexive);
  EXPECT_EQ(learnt.protocol, TransportProtocol::tcp);
  EXPECT_EQ(learnt.tcp_type, "active");
  EXPECT_EQ(learnt.priority, 1234u);
}

TEST(Checklist, KnowsAnActiveCandidateByItsAddress) {
  Checklist checklist(Role::controlling);
  checklist.add_local(tcp_local(2, "active"));
  EXPECT_EQ(checklist.learn_local({here, 40000}, 0, 1), 0u);
  EXPECT_EQ(checklist.learn_local(Endpoint::v4(203, 0, 113, 1, 40000), 0, 1), 1u);
  EXPECT_EQ(checklist.locals()[1].candidate.tcp_type, "active");
}

TEST(Checklist, TriesALostConnectionAgainWhereItCanBeOpened) {
  for (const bool active : {true, false}) {
    Checklist checklist(Role::controlling);
    checklist.add_local(tcp_local(2, active ? "active" : "passive"));
    checklist.add_remote(tcp_remote(2000, "passive"));
    if (!active) checklist.pair_of_request(FlowId{2}, remote(2000).endpoint, 1);
    ASSERT_EQ(checklist.pairs().size(), 1u);
    checklist.pairs()[0].state = PairState::succeeded;
    checklist.pairs()[0].heard = true;
    checklist.fail_connection({FlowId{2}, remote(2000).endpoint, PairOutcome::connection_lost});
    EXPECT_EQ(checklist.pairs()[0].state, PairState::failed);
    EXPECT_FALSE(checklist.pairs()[0].heard) << "the next one on this port may be somebody else's";
    EXPECT_EQ(outcome_after_resume(checklist),
              active ? PairOutcome::not_tried : PairOutcome::connection_lost);
  }
}

TEST(Checklist, ForgetsCandidatesWhoseConnectionIsGoneWhenItIsFull) {
  Checklist checklist(Role::controlling);
  checklist.add_local(tcp_local(3, "passive"));
  for (std::uint16_t i = 0; i < max_remote_candidates; ++i) {
    ASSERT_NE(checklist.pair_of_request(FlowId{3}, remote(static_cast<std::uint16_t>(3000 + i)).endpoint, 1),
              nullptr);
  }
  EXPECT_EQ(checklist.pair_of_request(FlowId{3}, remote(5000).endpoint, 1), nullptr) << "all of them stand";
  checklist.fail_connection({FlowId{3}, remote(3007).endpoint, PairOutcome::connection_lost});
  ASSERT_NE(checklist.pair_of_request(FlowId{3}, remote(5000).endpoint, 1), nullptr);
  EXPECT_EQ(checklist.find(FlowId{3}, remote(3007).endpoint), nullptr);
  EXPECT_EQ(checklist.remotes().size(), max_remote_candidates);
}

TEST(Checklist, RetriesWhatHasFailedButNotBrokenSockets) {
  Checklist checklist = with_pairs(3);
  checklist.pairs()[0].fail(PairOutcome::unanswered);
  checklist.pairs()[1].fail(PairOutcome::socket_failed);
  checklist.pairs()[2].state = PairState::succeeded;
  checklist.retry_failed();
  EXPECT_EQ(checklist.pairs()[0].state, PairState::waiting);
  EXPECT_EQ(checklist.pairs()[1].state, PairState::failed);
  EXPECT_EQ(checklist.pairs()[2].state, PairState::succeeded);
}

}  // namespace
}  // namespace petrel::inline v0::ice
