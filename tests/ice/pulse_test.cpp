#include "ice/pulse.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "ice/shared.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;

constexpr TimePoint start{};

// A pair that data leaves by every 20 ms, and a peer that answers, or does not.
class PulseTest : public ::testing::Test {
 protected:
  void run_for(Duration duration, const std::function<bool()>& answers) {
    const TimePoint end = now + duration;
    for (; now < end; now += 5ms) {
      if (sends && (now - start) % 20ms == Duration{}) pulse.handle_sent();
      while (!answers_due.empty() && answers_due.front().first <= now) {
        consent.handle_response(now, answers_due.front().second);
        answers_due.erase(answers_due.begin());
      }
      const auto next = earlier(consent.next_timeout(), pulse.next_timeout(consent, round_trip));
      if (!next || now < *next) continue;
      consent.handle_timeout(now);
      switch (pulse.handle_timeout(now, consent, round_trip)) {
        case Pulse::News::none:
          break;
        case Pulse::News::suspected:
          ++suspicions;
          break;
        case Pulse::News::broken:
          ++breaks;
          broken_at = now;
          break;
      }
      consent.handle_timeout(now);
      if (const auto question = consent.poll_check()) {
        ++questions;
        if (answers()) answers_due.emplace_back(now + round_trip, *question);
      }
    }
  }
  static bool always() { return true; }
  static bool never() { return false; }

  SeededRandom random{1};
  TimePoint now = start;
  Duration round_trip = 20ms;
  Consent consent{start, start, random};
  Pulse pulse;
  std::vector<std::pair<TimePoint, stun::TransactionId>> answers_due;
  bool sends = true;
  int questions = 0;
  int suspicions = 0;
  int breaks = 0;
  TimePoint broken_at{};
};

TEST_F(PulseTest, AsksFiveTimesASecondWhileDataGoesOut) {
  run_for(10s, always);
  EXPECT_GE(questions, 45);
  EXPECT_LE(questions, 51);
  EXPECT_EQ(suspicions, 0);
}

TEST_F(PulseTest, LeavesAnIdlePairToConsent) {
  sends = false;
  run_for(60s, always);
  EXPECT_LE(questions, 15);
  questions = 0;
  run_for(20s, never);
  EXPECT_LE(questions, 20);
  EXPECT_EQ(suspicions, 0);
}

TEST_F(PulseTest, NoticesABreakWithinHalfASecond) {
  for (const Duration phase : {0ms, 35ms, 70ms, 105ms, 140ms, 175ms}) {
    run_for(5s + phase, always);
    const TimePoint cut = now;
    run_for(1s, never);
    EXPECT_EQ(breaks, 1);
    EXPECT_TRUE(pulse.is_broken(consent));
    EXPECT_LE(broken_at - cut, 500ms);
    run_for(3s, always);
    EXPECT_FALSE(pulse.is_broken(consent)) << "it works again";
    EXPECT_FALSE(pulse.suspected_since().has_value());
    breaks = 0;
  }
}

TEST_F(PulseTest, NoticesItOnALongLineToo) {
  round_trip = 600ms;
  run_for(20s, always);
  EXPECT_EQ(suspicions, 0) << "an answer takes that long";
  const TimePoint cut = now;
  run_for(6s, never);
  EXPECT_EQ(breaks, 1);
  EXPECT_LE(broken_at - cut, 4s);
}

TEST_F(PulseTest, AlsoJudgesAQuestionThatWasAskedBeforeDataCame) {
  sends = false;
  run_for(6500ms, never);  // Consent has asked by then.
  ASSERT_TRUE(consent.open_since().has_value());
  sends = true;
  const TimePoint came = now;
  run_for(1s, never);
  EXPECT_EQ(breaks, 1);
  EXPECT_LE(broken_at - came, 600ms);
}

TEST_F(PulseTest, IsSeldomFooledByALineThatLosesMuch) {
  for (const std::uint64_t percent : {1u, 19u, 51u}) {  // Of questions: 0.5, 10 and 30 % each way.
    breaks = suspicions = 0;
    run_for(10min, [&] { return random.between(1, 100) > percent; });
    EXPECT_GT(suspicions, 10) << percent;
    EXPECT_LE(breaks, 2) << percent;
  }
}

TEST_F(PulseTest, ForgetsASuspicionWithThePair) {
  run_for(5s, always);
  run_for(1s, never);
  ASSERT_TRUE(pulse.is_broken(consent));
  pulse.restart(now);
  EXPECT_FALSE(pulse.is_broken(consent));
  EXPECT_FALSE(pulse.suspected_since().has_value());
}

}  // namespace
}  // namespace petrel::inline v0::ice
