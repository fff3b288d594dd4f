#include "ice/generation.hpp"

#include <gtest/gtest.h>

#include "ice/priority.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;

constexpr TimePoint start{};
constexpr FlowId flow{1};
const Credentials theirs{"them", "abcdefghijklmnopqrstuv"};

/// One stream with one socket, whose peer is played by the test.
class GenerationTest : public ::testing::Test {
 protected:
  GenerationTest() { stream.add_local_candidate({candidate(Endpoint::v4(192, 0, 2, 1, 1000)), flow}); }

  static Candidate candidate(const Endpoint& endpoint, std::uint16_t preference = 65535) {
    Candidate made;
    made.foundation = std::to_string(endpoint.port);
    made.priority = candidate_priority(CandidateType::host, preference);
    made.endpoint = endpoint;
    return made;
  }
  void meet(std::initializer_list<Endpoint> remotes) {
    stream.set_remote_credentials(start, theirs, false).value();
    std::uint16_t preference = 60000;
    for (const Endpoint& remote : remotes)
      stream.add_remote_candidate(candidate(remote, preference--)).value();
  }
  // Starts the next ordinary check and answers it.
  void check_next(TimePoint now) {
    ASSERT_TRUE(stream.start_ordinary_check(now, 500ms, {}));
    answer_last(now);
    stream.settle(now);
  }
  void answer_last(TimePoint now) {
    ASSERT_FALSE(shared.transmits.empty());
    const Transmit sent = std::move(shared.transmits.back());
    shared.transmits.clear();
    const auto request = stun::MessageView::parse(sent.payload.bytes()).value();
    crypto::HmacSha1Key key(as_bytes(theirs.password));
    const PacketBuffer response = make_success(request.id(), Endpoint::v4(192, 0, 2, 1, 1000), key).value();
    const auto view = stun::MessageView::parse(response.bytes()).value();
    EXPECT_TRUE(stream.handle_response(now, {flow, sent.destination, {}, response.bytes()}, view));
  }

  const Endpoint first = Endpoint::v4(198, 51, 100, 1, 2001);
  const Endpoint second = Endpoint::v4(198, 51, 100, 1, 2002);
  SeededRandom random{1};
  Shared shared{{}, random};
  Generation stream{StreamId{1}, shared, make_credentials(random)};
};

TEST_F(GenerationTest, IsNewUntilItKnowsThePeer) {
  stream.settle(start);
  EXPECT_EQ(stream.state(), State::new_);
  EXPECT_FALSE(stream.has_ordinary_check());
  meet({first});
  stream.settle(start);
  EXPECT_EQ(stream.state(), State::checking);
  EXPECT_TRUE(stream.has_ordinary_check());
}

TEST_F(GenerationTest, TellsItsCandidatesWithItsUfrag) {
  ASSERT_EQ(stream.local_candidates().size(), 1u);
  EXPECT_EQ(stream.local_candidates()[0].ufrag, stream.local_credentials().ufrag);
}

TEST_F(GenerationTest, NominatesTheBestPairAtOnce) {
  meet({first, second});
  check_next(start);
  EXPECT_EQ(stream.state(), State::connected);
  EXPECT_EQ(stream.urgent_check_due(), start);

  stream.start_urgent_check(start, 500ms);
  EXPECT_TRUE(stun::MessageView::parse(shared.transmits.back().payload.bytes())->use_candidate());
  answer_last(start + 1ms);
  stream.settle(start + 1ms);

  EXPECT_EQ(stream.state(), State::completed);
  EXPECT_EQ(stream.selected()->remote.endpoint, first);
  EXPECT_FALSE(stream.has_ordinary_check());
  EXPECT_EQ(stream.report().pairs[1].outcome, PairOutcome::stopped);
}

TEST_F(GenerationTest, WaitsForABetterPairThatIsStillBeingTried) {
  meet({first, second});
  ASSERT_TRUE(stream.start_ordinary_check(start, 500ms, {}));
  check_next(start + 50ms);
  EXPECT_EQ(stream.state(), State::connected);
  EXPECT_EQ(stream.urgent_check_due(), start + 50ms + nomination_wait);
}

TEST_F(GenerationTest, CarriesDataOnTheBestPairThatWorks) {
  meet({first, second});
  ASSERT_TRUE(stream.start_ordinary_check(start, 500ms, {}));
  Transmit to_first = std::move(shared.transmits.back());
  check_next(start + 50ms);
  EXPECT_TRUE(stream.send(PacketBuffer{}, 0));
  EXPECT_EQ(shared.transmits.back().destination, second);

  shared.transmits.push_back(std::move(to_first));
  answer_last(start + 60ms);
  stream.settle(start + 60ms);
  EXPECT_TRUE(stream.send(PacketBuffer{}, 0));
  EXPECT_EQ(shared.transmits.back().destination, first);
}

TEST_F(GenerationTest, RetransmitsTheSameRequest) {
  meet({first});
  ASSERT_TRUE(stream.start_ordinary_check(start, 500ms, {}));
  stream.handle_timeout(start + 500ms - 1ns);
  EXPECT_EQ(shared.transmits.size(), 1u);
  stream.handle_timeout(start + 500ms);
  ASSERT_EQ(shared.transmits.size(), 2u);
  EXPECT_TRUE(equal(shared.transmits[0].payload.bytes(), shared.transmits[1].payload.bytes()));
}

TEST_F(GenerationTest, FailsWhenNobodyHasAnsweredForThirtySeconds) {
  meet({first, second});
  check_next(start);
  check_next(start + 50ms);
  stream.start_urgent_check(start + 50ms, 500ms);
  for (auto due = stream.next_timeout(); due && *due < start + 60s && stream.state() != State::failed;
       due = stream.next_timeout()) {
    stream.handle_timeout(*due);
    stream.settle(*due);
  }
  // Nobody has answered for 30 s: RFC 7675 ends it before the transaction does.
  EXPECT_EQ(stream.state(), State::failed);
  EXPECT_EQ(stream.next_timeout(), std::nullopt);
  EXPECT_FALSE(stream.has_proven(flow, first));
}

TEST_F(GenerationTest, MeasuresTheRoundTrip) {
  meet({first});
  ASSERT_TRUE(stream.start_ordinary_check(start, 500ms, {}));
  answer_last(start + 30ms);
  EXPECT_EQ(stream.report().pairs[0].round_trip, 30ms);
  EXPECT_EQ(stream.report().pairs[0].responses_received, 1u);
}

}  // namespace
}  // namespace petrel::inline v0::ice
