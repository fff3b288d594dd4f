// What a stream does with the packets of a peer that the test plays, byte by byte.

#include <gtest/gtest.h>

#include <vector>

#include "ice/check.hpp"
#include "petrel/ice/agent.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;

constexpr TimePoint start{};
constexpr FlowId flow{1};
const Credentials theirs{"them", "abcdefghijklmnopqrstuv"};
const Endpoint us = Endpoint::v4(192, 0, 2, 1, 1000);
const Endpoint peer = Endpoint::v4(198, 51, 100, 1, 2000);

class GenerationChecksTest : public ::testing::Test {
 protected:
  explicit GenerationChecksTest(Role role = Role::controlled) : agent(start, {.role = role}, random) {
    stream = agent.add_stream(start);
    const LocalAddress local{us.address, "eth0"};
    agent.handle_interfaces(start, {&local, 1});
    agent.gather(start);
    agent.handle_flow(start, flow, FlowOpened{us});
    ours = agent.local_credentials(stream);
  }
  void meet() { agent.set_remote_credentials(start, stream, theirs, false).value(); }
  void tell(const Endpoint& endpoint, std::uint32_t priority = 2130706431) {
    Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = priority;
    candidate.endpoint = endpoint;
    agent.add_remote_candidate(now, stream, candidate).value();
  }

  void receive(Bytes packet, const Endpoint& from) {
    EXPECT_TRUE(agent.handle_datagram(now, {flow, from, us, packet}));
  }
  // A request of the peer, with our answer.
  PacketBuffer ask(const Endpoint& from, CheckContent content, std::string_view password = {}) {
    content.id = random.bytes<12>();
    crypto::HmacSha1Key key(as_bytes(password.empty() ? ours.password : password));
    const PacketBuffer request = make_check(content, {theirs, ours, key}).value();
    receive(request.bytes(), from);
    return std::move(next_transmit(true).payload);
  }
  PacketBuffer ask(const Endpoint& from, bool use_candidate = false) {
    return ask(from, {.priority = 1862270975, .role = Role::controlling, .use_candidate = use_candidate});
  }
  // What is sent next, of answers or of requests; the other kind stays where it is.
  Transmit next_transmit(bool answer) {
    while (auto transmit = agent.poll_transmit()) sent.push_back(std::move(*transmit));
    for (auto it = sent.begin(); it != sent.end(); ++it) {
      const auto message = stun::MessageView::parse(it->payload.bytes()).value();
      if ((message.message_class() == stun::Class::request) == answer) continue;
      Transmit found = std::move(*it);
      sent.erase(it);
      return found;
    }
    ADD_FAILURE() << "nothing was sent";
    return {};
  }
  bool sends_nothing() {
    while (auto transmit = agent.poll_transmit()) sent.push_back(std::move(*transmit));
    return sent.empty();
  }
  static stun::MessageView view(const PacketBuffer& packet) {
    return stun::MessageView::parse(packet.bytes()).value();
  }
  static int error_of(const PacketBuffer& packet) {
    const auto error = view(packet).error_code();
    return error ? error->code : 0;
  }
  void answer(const Transmit& request, const Endpoint& from, std::string_view password = theirs.password) {
    crypto::HmacSha1Key key(as_bytes(password));
    receive(make_success(view(request.payload).id(), us, key).value().bytes(), from);
  }
  void refuse(const Transmit& request, int code) {
    crypto::HmacSha1Key key(as_bytes(theirs.password));
    receive(make_refusal(view(request.payload), {code, "No"}, &key).value().bytes(), request.destination);
  }
  void advance(Duration duration) {
    const TimePoint end = now + duration;
    while (agent.next_timeout() && *agent.next_timeout() <= end) {
      now = *agent.next_timeout();
      agent.handle_timeout(now);
    }
    now = end;
  }
  PairReport pair(std::size_t index = 0) { return agent.report(stream).pairs.at(index); }

  SeededRandom random{1};
  TimePoint now = start;
  Agent agent;
  StreamId stream;
  Credentials ours;
  std::vector<Transmit> sent;
};

class ControllingGenerationChecksTest : public GenerationChecksTest {
 protected:
  ControllingGenerationChecksTest() : GenerationChecksTest(Role::controlling) {}
};

TEST_F(GenerationChecksTest, ARequestIsAnsweredWithTheSourceItCameFrom) {
  meet();
  const PacketBuffer response = ask(peer);
  EXPECT_EQ(view(response).message_class(), stun::Class::success_response);
  EXPECT_EQ(view(response).xor_mapped_address(), peer);
  EXPECT_TRUE(view(response).integrity_ok(as_bytes(ours.password)));
  EXPECT_EQ(agent.stream_of(flow, peer), stream);
}

TEST_F(GenerationChecksTest, ARequestTriggersACheckTheOtherWay) {
  meet();
  ask(peer);
  const Transmit check = next_transmit(false);
  EXPECT_EQ(check.destination, peer);
  EXPECT_EQ(view(check.payload).username(), theirs.ufrag + ':' + ours.ufrag);
  EXPECT_TRUE(view(check.payload).integrity_ok(as_bytes(theirs.password)));
  EXPECT_TRUE(view(check.payload).ice_controlled());
}

TEST_F(GenerationChecksTest, AWrongPasswordGetsA401AndProvesNothing) {
  meet();
  const PacketBuffer response = ask(peer, {.priority = 1}, "not the right password");
  EXPECT_EQ(error_of(response), 401);
  EXPECT_FALSE(view(response).has_integrity());
  EXPECT_EQ(agent.stats().wrong_integrity_dropped, 1u);
  EXPECT_EQ(agent.stream_of(flow, peer), std::nullopt);
  EXPECT_TRUE(agent.report(stream).pairs.empty());
}

TEST_F(GenerationChecksTest, AFloodOfWrongPasswordsDoesNotKeepTheRightOneOut) {
  meet();
  while (agent.stats().refusals_withheld == 0) {
    crypto::HmacSha1Key key(as_bytes("not the password at all"));
    receive(make_check({.id = random.bytes<12>(), .priority = 1}, {theirs, ours, key}).value().bytes(), peer);
  }
  while (agent.poll_transmit()) continue;
  EXPECT_EQ(view(ask(peer)).message_class(), stun::Class::success_response);
}

TEST_F(GenerationChecksTest, ARequestForNobodyIsDropped) {
  stun::Builder builder(stun::Class::request, stun::Method::binding, {});
  crypto::HmacSha1Key key(as_bytes(ours.password));
  receive(builder.username("nobody:them").priority(1).finish({.integrity = &key}).value().bytes(), peer);
  EXPECT_TRUE(sends_nothing());
  EXPECT_EQ(agent.stats().unknown_ufrag_dropped, 1u);
}

TEST_F(GenerationChecksTest, ARequestWithoutWhatItNeedsGetsA400) {
  crypto::HmacSha1Key key(as_bytes(ours.password));
  const auto refused = [&](stun::Builder& builder, bool integrity) {
    stun::Seal seal;
    if (integrity) seal.integrity = &key;
    receive(builder.finish(seal).value().bytes(), peer);
    return error_of(next_transmit(true).payload);
  };
  stun::Builder nameless(stun::Class::request, stun::Method::binding, {});
  EXPECT_EQ(refused(nameless.priority(1), true), 400);
  stun::Builder unsigned_one(stun::Class::request, stun::Method::binding, {});
  EXPECT_EQ(refused(unsigned_one.username(ours.ufrag + ":them").priority(1), false), 400);
  stun::Builder without_priority(stun::Class::request, stun::Method::binding, {});
  EXPECT_EQ(refused(without_priority.username(ours.ufrag + ":them"), true), 400);
  stun::Builder allocate(stun::Class::request, stun::Method::allocate, {});
  EXPECT_EQ(refused(allocate.username(ours.ufrag + ":them").priority(1), true), 400);
  stun::Builder strange(stun::Class::request, stun::Method::binding, {});
  strange.username(ours.ufrag + ":them").priority(1).attribute(stun::AttributeType{0x7ffe}, {});
  EXPECT_EQ(refused(strange, true), 420);
  EXPECT_EQ(agent.stats().bad_requests, 5u);
}

TEST_F(GenerationChecksTest, EveryTruncationOfARequestIsHarmless) {
  meet();
  crypto::HmacSha1Key key(as_bytes(ours.password));
  const PacketBuffer request =
      make_check({.priority = 1, .role = Role::controlling}, {theirs, ours, key}).value();
  for (std::size_t size = 1; size < request.size(); ++size) receive(request.bytes().first(size), peer);
  EXPECT_EQ(agent.stats().malformed_dropped, request.size() - 1);
  EXPECT_EQ(agent.stats().checks_received, 0u);
  EXPECT_TRUE(sends_nothing());
}

TEST_F(GenerationChecksTest, AnIndicationIsTakenInSilence) {
  receive(stun::Builder(stun::Class::indication, stun::Method::binding, {}).finish().value().bytes(), peer);
  EXPECT_TRUE(sends_nothing());
}

TEST_F(GenerationChecksTest, TheControlledSideFollowsANomination) {
  meet();
  tell(peer);
  answer(next_transmit(false), peer);
  EXPECT_EQ(agent.state(stream), State::connected);
  ask(peer, true);
  EXPECT_EQ(agent.state(stream), State::completed);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, peer);
}

TEST_F(GenerationChecksTest, ANominationMayComeBeforeOurOwnCheckIsAnswered) {
  meet();
  ask(peer, true);
  EXPECT_EQ(agent.state(stream), State::checking);
  answer(next_transmit(false), peer);
  EXPECT_EQ(agent.state(stream), State::completed);
}

TEST_F(GenerationChecksTest, OfSeveralNominationsTheHighestPriorityCounts) {
  const Endpoint better = Endpoint::v4(198, 51, 100, 1, 2001);
  const Endpoint worse = Endpoint::v4(198, 51, 100, 1, 2002);
  meet();
  const auto nominate = [&](const Endpoint& from, std::uint32_t priority) {
    ask(from, {.priority = priority, .role = Role::controlling, .use_candidate = true});
    for (int round = 0; round < 2; ++round) {
      advance(5ms);
      // The selected pair is asked whether it still works, too.
      while (!sends_nothing()) {
        const Transmit request = next_transmit(false);
        answer(request, request.destination);
      }
    }
  };
  nominate(peer, 2000);
  nominate(worse, 1000);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, peer);
  nominate(better, 3000);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, better);
  EXPECT_EQ(agent.state(stream), State::completed);
}

// The selected pair may have gone quiet for the peer and not for us.
TEST_F(GenerationChecksTest, ALesserNominationTenSecondsAfterTheLastOfTheSelectedPairIsAMove) {
  meet();
  const Endpoint other = Endpoint::v4(198, 51, 100, 2, 2000);
  const auto nominate = [&](const Endpoint& from, std::uint32_t priority) {
    ask(from, {.priority = priority, .role = Role::controlling, .use_candidate = true});
  };
  nominate(peer, 2000);
  answer(next_transmit(false), peer);
  advance(5ms);
  nominate(other, 1000);
  answer(next_transmit(false), other);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, peer);
  // We go on having consent for the pair that is selected.
  const auto keep_consent = [&](TimePoint end) {
    while (agent.next_timeout() && *agent.next_timeout() <= end) {
      now = *agent.next_timeout();
      agent.handle_timeout(now);
      while (!sends_nothing()) answer(next_transmit(false), peer);
    }
    now = end;
  };
  keep_consent(start + 10s - 1ns);
  nominate(other, 1000);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, peer);
  keep_consent(start + 10s);
  nominate(other, 1000);
  EXPECT_EQ(agent.selected(stream)->remote.endpoint, other);
}

// The peer nominates a lesser pair although the selected one was fine a moment ago.
class DoubtedNominationTest : public GenerationChecksTest {
 protected:
  DoubtedNominationTest() {
    meet();
    nominate(peer, 2000);
    answer(next_transmit(false), peer);
    run_for(2s, true);
    nominate(other, 1000);
    answer(next_transmit(false), other);
  }
  void nominate(const Endpoint& from, std::uint32_t priority) {
    ask(from, {.priority = priority, .role = Role::controlling, .use_candidate = true});
  }
  // Lets time pass; how many questions the selected pair was asked, which the peer answers or does not.
  int run_for(Duration duration, bool answers) {
    int questions = 0;
    const TimePoint end = now + duration;
    while (agent.next_timeout() && *agent.next_timeout() <= end) {
      now = *agent.next_timeout();
      agent.handle_timeout(now);
      while (!sends_nothing()) {
        const Transmit request = next_transmit(false);
        if (request.destination == peer) ++questions;
        if (answers || request.destination != peer) answer(request, request.destination);
      }
    }
    now = end;
    return questions;
  }
  Endpoint selected() { return agent.selected(stream)->remote.endpoint; }

  const Endpoint other = Endpoint::v4(198, 51, 100, 2, 2000);
};

TEST_F(DoubtedNominationTest, IsFollowedOnceTheSelectedPairIsAskedInVain) {
  EXPECT_EQ(run_for(100ms - 1ns, false), 3);
  EXPECT_EQ(selected(), peer);
  run_for(1ns, false);
  EXPECT_EQ(selected(), other);
  EXPECT_EQ(agent.state(stream), State::completed);
  run_for(60s, false);
  EXPECT_EQ(selected(), other);
  EXPECT_EQ(agent.state(stream), State::completed) << "consent is that of the new pair";
}

TEST_F(DoubtedNominationTest, ChangesNothingWhileTheSelectedPairAnswers) {
  EXPECT_EQ(run_for(100ms, true), 1);
  EXPECT_EQ(selected(), peer);
  run_for(5s, true);
  EXPECT_EQ(selected(), peer);
}

TEST_F(DoubtedNominationTest, IsForgottenWhenTheSelectedPairHasAnswered) {
  run_for(100ms, true);
  nominate(peer, 2000);
  run_for(100ms, false);
  EXPECT_EQ(selected(), peer);
}

TEST_F(DoubtedNominationTest, ThatIsRepeatedDoesNotMultiplyQuestions) {
  int questions = 0;
  for (int i = 0; i < 20; ++i) {
    nominate(other, 1000);
    questions += run_for(4ms, false);
  }
  EXPECT_EQ(questions, 3);
}

TEST_F(DoubtedNominationTest, OfABetterPairIsFollowedAtOnceMeanwhile) {
  const Endpoint best = Endpoint::v4(198, 51, 100, 3, 2000);
  run_for(50ms, false);
  nominate(best, 3000);
  answer(next_transmit(false), best);
  EXPECT_EQ(selected(), best);
  run_for(1s, false);
  EXPECT_EQ(selected(), best);
}

TEST_F(GenerationChecksTest, ANominationAfterTheSelectedPairWentQuietIsAMove) {
  meet();
  ask(peer, {.priority = 2000, .role = Role::controlling, .use_candidate = true});
  answer(next_transmit(false), peer);
  ASSERT_EQ(agent.state(stream), State::completed);
  advance(12s);
  ASSERT_EQ(agent.state(stream), State::disconnected);
  sent.clear();
  while (agent.poll_transmit()) {
  }

  const Endpoint moved = Endpoint::v4(203, 0, 113, 5, 99);
  ask(moved, {.priority = 1000, .role = Role::controlling, .use_candidate = true});
  Transmit check = next_transmit(false);
  while (check.destination != moved) check = next_transmit(false);
  answer(check, moved);

  EXPECT_EQ(agent.selected(stream)->remote.endpoint, moved);
  EXPECT_EQ(agent.state(stream), State::completed);
}

TEST_F(GenerationChecksTest, AnAnswerFromAnotherAddressIsIgnored) {
  meet();
  tell(peer);
  const Transmit check = next_transmit(false);
  answer(check, Endpoint::v4(203, 0, 113, 66, 6));
  EXPECT_EQ(agent.state(stream), State::checking);
  EXPECT_EQ(agent.stats().unmatched_responses, 1u);
  // The real one still counts.
  answer(check, peer);
  EXPECT_EQ(agent.state(stream), State::connected);
}

TEST_F(GenerationChecksTest, APairAnsweredOnlyFromElsewhereFailsForThatReason) {
  meet();
  tell(peer);
  answer(next_transmit(false), Endpoint::v4(203, 0, 113, 66, 6));
  advance(40s);
  EXPECT_EQ(pair().outcome, PairOutcome::wrong_source);
}

TEST_F(GenerationChecksTest, AForgedAnswerIsIgnored) {
  meet();
  tell(peer);
  const Transmit check = next_transmit(false);
  answer(check, peer, "a password that was guessed");
  receive(make_refusal(view(check.payload), {400, "Bad Request"}, nullptr).value().bytes(), peer);
  EXPECT_EQ(agent.stats().wrong_integrity_dropped, 2u);
  EXPECT_EQ(pair().state, PairState::in_progress);
}

TEST_F(GenerationChecksTest, AnAnswerToNoQuestionIsCounted) {
  meet();
  crypto::HmacSha1Key key(as_bytes(theirs.password));
  receive(make_success({}, us, key).value().bytes(), peer);
  EXPECT_EQ(agent.stats().unmatched_responses, 1u);
}

TEST_F(GenerationChecksTest, ARefusedCheckFailsItsPair) {
  meet();
  tell(peer);
  refuse(next_transmit(false), 500);
  EXPECT_EQ(pair().state, PairState::failed);
  EXPECT_EQ(pair().outcome, PairOutcome::refused);
}

TEST_F(GenerationChecksTest, AFailedPairIsRevivedByACheckOfThePeer) {
  meet();
  tell(peer);
  refuse(next_transmit(false), 500);
  advance(10ms);
  ask(peer);
  answer(next_transmit(false), peer);
  EXPECT_EQ(pair().state, PairState::succeeded);
}

TEST_F(GenerationChecksTest, ARoleConflictSwitchesTheRoleAndTriesAgain) {
  meet();
  tell(peer);
  const Transmit check = next_transmit(false);
  const auto tie_breaker = view(check.payload).ice_controlled();
  refuse(check, 487);
  EXPECT_EQ(agent.role(), Role::controlling);
  advance(5ms);
  const Transmit again = next_transmit(false);
  ASSERT_TRUE(view(again.payload).ice_controlling());
  EXPECT_NE(view(again.payload).ice_controlling(), tie_breaker);
  answer(again, peer);
  EXPECT_EQ(agent.state(stream), State::connected);
}

TEST_F(GenerationChecksTest, APeerWithASmallerTieBreakerHasToSwitch) {
  meet();
  const PacketBuffer won = ask(peer, {.priority = 1, .role = Role::controlled, .tie_breaker = 0});
  EXPECT_EQ(agent.role(), Role::controlling);  // We are the larger: we take control.
  EXPECT_EQ(error_of(won), 0);
  const PacketBuffer refused = ask(peer, {.priority = 1, .role = Role::controlling, .tie_breaker = 0});
  EXPECT_EQ(error_of(refused), 487);
  EXPECT_EQ(agent.role(), Role::controlling);
}

TEST_F(GenerationChecksTest, ManyRequestsDoNotMakeManyChecks) {
  meet();
  for (int i = 0; i < 1000; ++i) {
    ask(peer);
    advance(1ms);
  }
  // One in 50 ms at most, the crossing time, and then they are cancelled; none is lost track of.
  EXPECT_LE(agent.stats().checks_sent, 25u);
  EXPECT_EQ(agent.report(stream).pairs.size(), 1u);
}

// It may have met a NAT that the peer's request has opened only since.
TEST_F(GenerationChecksTest, ACheckThatARequestCrossedIsRepeatedFiftyMillisecondsAfterIt) {
  meet();
  tell(peer);
  const Transmit first = next_transmit(false);
  advance(10ms);
  ask(peer);
  EXPECT_TRUE(sends_nothing());
  advance(40ms - 1ns);
  EXPECT_TRUE(sends_nothing());
  advance(1ns);
  const Transmit second = next_transmit(false);
  EXPECT_NE(view(first.payload).id(), view(second.payload).id());
  answer(second, peer);
  EXPECT_EQ(pair().state, PairState::succeeded);
}

TEST_F(GenerationChecksTest, ACheckWhereThePeerWasHeardIsAskedAnewSooner) {
  meet();
  ask(peer);
  for (const Duration wait : {0ms, 100ms, 200ms, 400ms}) {
    advance(wait);
    EXPECT_NE(next_transmit(false).payload.size(), 0u);
  }
}

TEST_F(GenerationChecksTest, ACheckThatARequestCrossedIsNotRepeatedOnceItIsAnswered) {
  meet();
  tell(peer);
  const Transmit first = next_transmit(false);
  advance(10ms);
  ask(peer);
  advance(10ms);
  answer(first, peer);
  advance(400ms);
  EXPECT_TRUE(sends_nothing());
}

TEST_F(GenerationChecksTest, ACancelledCheckMayStillBeAnswered) {
  meet();
  ask(peer);
  const Transmit first = next_transmit(false);
  advance(100ms);
  ask(peer);  // Cancels it, and makes another one.
  const Transmit second = next_transmit(false);
  EXPECT_NE(view(first.payload).id(), view(second.payload).id());
  answer(first, peer);
  EXPECT_EQ(pair().state, PairState::succeeded);
  EXPECT_EQ(pair().round_trip, 100ms);
}

TEST_F(GenerationChecksTest, APeerThatSeesUsElsewhereShowsUsANewLocalCandidate) {
  meet();
  tell(peer);
  const Transmit check = next_transmit(false);
  crypto::HmacSha1Key key(as_bytes(theirs.password));
  const Endpoint outside = Endpoint::v4(203, 0, 113, 1, 777);
  receive(make_success(view(check.payload).id(), outside, key).value().bytes(), peer);
  EXPECT_EQ(pair().local.endpoint, outside);
  EXPECT_EQ(pair().local.type, CandidateType::peer_reflexive);
  EXPECT_EQ(pair().local.priority, view(check.payload).priority());
  EXPECT_EQ(agent.local_candidates(stream).size(), 1u);  // Not one to be signalled.
}

TEST_F(GenerationChecksTest, ConsentIsAskedForAndItsAnswersAreMeasured) {
  meet();
  tell(peer);
  answer(next_transmit(false), peer);
  ask(peer, true);
  advance(6s);
  const Transmit question = next_transmit(false);
  now += 7ms;
  answer(question, peer);
  EXPECT_GE(pair().round_trip, 7ms);
  EXPECT_EQ(pair().responses_received, 2u);
  EXPECT_EQ(agent.state(stream), State::completed);
}

TEST_F(GenerationChecksTest, ConsentIsNotGivenByAnErrorOrFromElsewhere) {
  meet();
  tell(peer);
  answer(next_transmit(false), peer);
  ask(peer, true);
  advance(6s);
  const Transmit question = next_transmit(false);
  refuse(question, 403);
  answer(question, Endpoint::v4(203, 0, 113, 66, 6));
  answer(question, peer, "a password that was guessed");
  advance(24s);
  EXPECT_EQ(agent.state(stream), State::failed);
}

TEST_F(GenerationChecksTest, AFailedStreamDoesNotAnswer) {
  meet();
  advance(40s);
  ASSERT_EQ(agent.state(stream), State::failed);
  crypto::HmacSha1Key key(as_bytes(ours.password));
  receive(make_check({.priority = 1, .role = Role::controlling}, {theirs, ours, key}).value().bytes(), peer);
  EXPECT_TRUE(sends_nothing());
}

TEST_F(ControllingGenerationChecksTest, TheControllingSideNominatesFiveMillisecondsAfterItsCheck) {
  meet();
  tell(peer);
  const Transmit check = next_transmit(false);
  EXPECT_FALSE(view(check.payload).use_candidate());
  answer(check, peer);
  advance(5ms - 1ns);
  EXPECT_TRUE(sends_nothing());
  advance(1ns);
  const Transmit nomination = next_transmit(false);
  EXPECT_TRUE(view(nomination.payload).use_candidate());
  answer(nomination, peer);
  EXPECT_EQ(agent.state(stream), State::completed);
  EXPECT_TRUE(pair().nominated);
}

TEST_F(ControllingGenerationChecksTest, TheControllingSideIgnoresNominations) {
  meet();
  tell(peer);
  answer(next_transmit(false), peer);
  ask(peer, {.priority = 1, .role = Role::controlled, .use_candidate = true});
  EXPECT_EQ(agent.state(stream), State::connected);
}

TEST_F(ControllingGenerationChecksTest, ANominationThatIsRefusedIsFollowedByTheNextBestPair) {
  const Endpoint worse = Endpoint::v4(198, 51, 100, 1, 2002);
  meet();
  tell(peer);
  tell(worse, 1000);
  answer(next_transmit(false), peer);
  advance(5ms);
  refuse(next_transmit(false), 500);
  advance(50ms);
  answer(next_transmit(false), worse);
  advance(200ms);
  const Transmit nomination = next_transmit(false);
  EXPECT_TRUE(view(nomination.payload).use_candidate());
  EXPECT_EQ(nomination.destination, worse);
}

}  // namespace
}  // namespace petrel::inline v0::ice
