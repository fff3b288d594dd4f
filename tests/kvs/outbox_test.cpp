#include "kvs/outbox.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {
namespace {

using namespace std::chrono_literals;

Outbox::Message description(std::string peer, TimePoint now, std::string id = {}) {
  return {Outbox::Kind::description, std::move(peer), "frame", std::move(id), now};
}
Outbox::Message candidate(std::string peer, TimePoint now) {
  return {Outbox::Kind::candidate, std::move(peer), "frame", {}, now};
}
std::size_t take_all(Outbox& outbox, TimePoint now) {
  std::size_t taken = 0;
  while (outbox.take(now)) ++taken;
  return taken;
}

TEST(Outbox, LetsGoWhatTheRatesAllow) {
  Outbox outbox;
  const TimePoint now{};
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(outbox.push(description("p" + std::to_string(i), now)));
  EXPECT_EQ(take_all(outbox, now), Outbox::descriptions_per_window);
  EXPECT_EQ(outbox.next_timeout(true), now + Outbox::window);
  EXPECT_EQ(outbox.next_timeout(false), now + Outbox::patience);
  EXPECT_EQ(take_all(outbox, now + Outbox::window - 1ms), 0U);
  EXPECT_EQ(take_all(outbox, now + Outbox::window), 2U);
  EXPECT_FALSE(outbox.next_timeout(true));
}

TEST(Outbox, CandidatesOfOnePeerWaitBehindItsDescription) {
  Outbox outbox;
  const TimePoint now{};
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(outbox.push(description("p" + std::to_string(i), now)));
  ASSERT_TRUE(outbox.push(candidate("p5", now)));
  ASSERT_TRUE(outbox.push(candidate("p0", now)));
  EXPECT_EQ(take_all(outbox, now), 6U);  // Five descriptions, and p0's candidate.
  EXPECT_EQ(outbox.next_timeout(true), now + Outbox::window);
  EXPECT_EQ(outbox.take(now + Outbox::window)->kind, Outbox::Kind::description);
  EXPECT_EQ(outbox.take(now + Outbox::window)->recipient, "p5");
}

TEST(Outbox, ANewConnectionHasRatesOfItsOwn) {
  Outbox outbox;
  const TimePoint now{};
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(outbox.push(description("p" + std::to_string(i), now)));
  EXPECT_EQ(take_all(outbox, now), 5U);
  outbox.handle_connected();
  EXPECT_EQ(take_all(outbox, now), 5U);
}

TEST(Outbox, DropsWhatIsTooOld) {
  Outbox outbox;
  ASSERT_TRUE(outbox.push(description("a", TimePoint{})));
  outbox.handle_timeout(TimePoint{} + Outbox::patience);
  EXPECT_EQ(outbox.size(), 0U);
  EXPECT_EQ(outbox.dropped(), 1U);
  EXPECT_FALSE(outbox.next_timeout(true));
}

TEST(Outbox, RemembersWhatIsNotConfirmedYet) {
  Outbox outbox;
  const TimePoint now{};
  ASSERT_TRUE(outbox.push(description("a", now, "1")));
  ASSERT_TRUE(outbox.take(now));
  EXPECT_EQ(outbox.next_timeout(true), now + Outbox::confirmed_after);
  const auto refused = outbox.take_unconfirmed("1");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->recipient, "a");
  EXPECT_EQ(refused->attempts, 1U);
  EXPECT_FALSE(outbox.take_unconfirmed("1"));

  ASSERT_TRUE(outbox.push(description("a", now, "2")));
  ASSERT_TRUE(outbox.take(now));
  outbox.handle_timeout(now + Outbox::confirmed_after);
  EXPECT_FALSE(outbox.take_unconfirmed("2"));
}

TEST(Outbox, IsBounded) {
  Outbox outbox;
  for (std::size_t i = 0; i < Outbox::max_messages; ++i)
    ASSERT_TRUE(outbox.push(candidate("a", TimePoint{})));
  EXPECT_EQ(outbox.push(candidate("a", TimePoint{})).error(), petrel::Errc::limit_reached);
  outbox.forget("a");
  EXPECT_EQ(outbox.size(), 0U);
  Outbox::Message huge = candidate("a", TimePoint{});
  huge.frame.assign(Outbox::max_bytes, 'x');
  ASSERT_TRUE(outbox.push(huge));
  EXPECT_EQ(outbox.push(candidate("a", TimePoint{})).error(), petrel::Errc::limit_reached);
}

}  // namespace
}  // namespace petrel::inline v0::kvs
