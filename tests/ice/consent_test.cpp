#include "ice/consent.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;

constexpr TimePoint start{};
constexpr Duration round_trip = 50ms;

// Runs `consent` from timeout to timeout until `end` or until it has nothing more to
// wait for. `peer_answers(now)` decides the fate of each question.
template <class PeerAnswers>
void run_until(TimePoint end, Consent& consent, PeerAnswers peer_answers) {
  for (auto due = consent.next_timeout(); due && *due <= end; due = consent.next_timeout()) {
    consent.handle_timeout(*due);
    if (const auto check = consent.poll_check(); check && peer_answers(*due)) {
      EXPECT_EQ(consent.handle_response(*due + round_trip, *check), round_trip);
    }
  }
}

TEST(Consent, LastsWhileThePeerAnswers) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  unsigned questions = 0;
  run_until(start + 1h, consent, [&](TimePoint) {
    EXPECT_FALSE(consent.missing());
    return ++questions > 0;
  });
  EXPECT_FALSE(consent.lost());
  EXPECT_GE(questions, 3600u / 7);
  EXPECT_LE(questions, 3600u / 4);
}

TEST(Consent, AsksFirstAfterFourToSixSeconds) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    const Consent consent(start, start, random);
    EXPECT_GE(*consent.next_timeout(), start + 4s);
    EXPECT_LE(*consent.next_timeout(), start + 6s);
  }
}

TEST(Consent, IsLostThirtySecondsAfterTheLastAnswer) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  TimePoint last_answer;
  run_until(start + 60s, consent, [&](TimePoint now) {
    last_answer = now + round_trip;
    return true;
  });

  const auto silence = [](TimePoint) { return false; };
  run_until(last_answer + 30s - 1ns, consent, silence);
  EXPECT_FALSE(consent.lost());
  run_until(last_answer + 30s, consent, silence);
  EXPECT_TRUE(consent.lost());
}

TEST(Consent, BeginsWithWhatTheConnectivityCheckGranted) {
  SeededRandom random(1);
  Consent consent(start, start - 10s, random);
  consent.handle_timeout(start + 20s - 1ns);
  EXPECT_FALSE(consent.lost());
  consent.handle_timeout(start + 20s);
  EXPECT_TRUE(consent.lost());
}

TEST(Consent, MissesThePeerFiveSecondsAfterAQuestion) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  const TimePoint asked = *consent.next_timeout();
  consent.handle_timeout(asked);
  run_until(asked + 5s - 1ns, consent, [](TimePoint) { return false; });
  EXPECT_FALSE(consent.missing());

  consent.handle_timeout(asked + 5s);
  EXPECT_TRUE(consent.missing());
  const auto check = consent.poll_check();
  ASSERT_TRUE(check);
  consent.handle_response(asked + 5s + round_trip, *check);
  EXPECT_FALSE(consent.missing());
}

TEST(Consent, AsksOnceASecondWhileAQuestionIsOpen) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  const TimePoint asked = *consent.next_timeout();
  consent.handle_timeout(asked);
  EXPECT_TRUE(consent.poll_check());
  consent.handle_timeout(asked + 1s - 1ns);
  EXPECT_FALSE(consent.poll_check());
  consent.handle_timeout(asked + 1s);
  EXPECT_TRUE(consent.poll_check());
}

TEST(Consent, TakesAnAnswerToAnyOpenQuestion) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  const TimePoint asked = *consent.next_timeout();
  consent.handle_timeout(asked);
  const auto first = consent.poll_check();
  consent.handle_timeout(asked + 1s);
  EXPECT_TRUE(consent.has_asked(*first));

  EXPECT_EQ(consent.handle_response(asked + 1100ms, *first), 1100ms);
  EXPECT_FALSE(consent.has_asked(*first));
  EXPECT_EQ(consent.handle_response(asked + 1200ms, *first), std::nullopt);
}

TEST(Consent, IgnoresAnAnswerToAQuestionItNeverAsked) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  EXPECT_EQ(consent.handle_response(start + 29s, stun::TransactionId{}), std::nullopt);
  consent.handle_timeout(start + 30s);
  EXPECT_TRUE(consent.lost());
}

TEST(Consent, IsNotRevivedByALateAnswer) {
  SeededRandom random(1);
  Consent consent(start, start, random);
  consent.handle_timeout(*consent.next_timeout());
  const auto check = consent.poll_check();
  ASSERT_TRUE(check);
  consent.handle_timeout(start + 30s);

  consent.handle_response(start + 31s, *check);

  EXPECT_TRUE(consent.lost());
  EXPECT_EQ(consent.next_timeout(), std::nullopt);
}

// ---- Probes ---------------------------------------------------------------------------------

// Asked one second before the probe, and not answered yet.
struct Probed {
  Probed() {
    consent.handle_timeout(*consent.next_timeout());
    early = *consent.poll_check();
    now = *consent.next_timeout() - 500ms;
    consent.probe(now, 300ms);
  }
  // Runs to the end of the probe; the questions that it has asked meanwhile.
  std::vector<stun::TransactionId> run(TimePoint end) {
    std::vector<stun::TransactionId> questions;
    for (auto due = consent.next_timeout(); due && *due <= end; due = consent.next_timeout()) {
      consent.handle_timeout(*due);
      if (const auto check = consent.poll_check()) questions.push_back(*check);
    }
    return questions;
  }

  SeededRandom random{1};
  Consent consent{start, start, random};
  stun::TransactionId early{};
  TimePoint now;
};

TEST(Consent, AProbeAsksThriceAndEndsInVainWithoutAnAnswer) {
  Probed probed;
  EXPECT_EQ(probed.consent.next_timeout(), probed.now);
  EXPECT_EQ(probed.run(probed.now + 300ms - 1ns).size(), 3u);
  EXPECT_TRUE(probed.consent.is_probing());
  EXPECT_FALSE(probed.consent.is_probed_in_vain());
  EXPECT_TRUE(probed.run(probed.now + 300ms).empty());
  EXPECT_FALSE(probed.consent.is_probing());
  EXPECT_TRUE(probed.consent.is_probed_in_vain());
}

TEST(Consent, AnAnswerToAnyQuestionOfAProbeEndsIt) {
  for (const std::size_t which : {0u, 1u, 2u}) {
    Probed probed;
    const auto questions = probed.run(probed.now + 250ms);
    ASSERT_EQ(questions.size(), 3u);
    EXPECT_TRUE(probed.consent.handle_response(probed.now + 260ms, questions[which]));
    EXPECT_FALSE(probed.consent.is_probing());
    EXPECT_TRUE(probed.run(probed.now + 300ms).empty());
    EXPECT_FALSE(probed.consent.is_probed_in_vain());
    EXPECT_EQ(probed.consent.open_since(), std::nullopt);
  }
}

TEST(Consent, AnAnswerToWhatWasAskedBeforeAProbeRenewsConsentAndNoMore) {
  Probed probed;
  probed.run(probed.now + 10ms);
  EXPECT_TRUE(probed.consent.handle_response(probed.now + 20ms, probed.early));
  EXPECT_TRUE(probed.consent.is_probing());
  EXPECT_EQ(probed.consent.open_since(), probed.now);
  probed.run(probed.now + 300ms);
  EXPECT_TRUE(probed.consent.is_probed_in_vain());
  probed.run(probed.now + 30s + 20ms - 1ns);
  EXPECT_FALSE(probed.consent.lost());
  probed.run(probed.now + 30s + 20ms);
  EXPECT_TRUE(probed.consent.lost());
}

TEST(Consent, ASecondProbeWaitsForTheEndOfTheFirst) {
  Probed probed;
  probed.run(probed.now + 200ms);
  probed.consent.probe(probed.now + 200ms, 300ms);
  probed.run(probed.now + 300ms);
  ASSERT_TRUE(probed.consent.is_probed_in_vain());
  probed.consent.probe(probed.now + 300ms, 300ms);
  EXPECT_FALSE(probed.consent.is_probed_in_vain());
  const auto questions = probed.run(probed.now + 400ms);
  ASSERT_FALSE(questions.empty());
  probed.consent.handle_response(probed.now + 400ms, questions.back());
  EXPECT_FALSE(probed.consent.is_probed_in_vain());
}

}  // namespace
}  // namespace petrel::inline v0::ice
