#include "datachannel/send_queue.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

SendQueue::Entry entry(std::string_view text, std::optional<TimePoint> expires = {}) {
  return {.kind = MessageKind::text, .data = testing::to_vector(as_bytes(text)), .expires = expires};
}

TEST(SendQueue, GivesMessagesInOrderAndInPieces) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(entry("hello"));
  queue.push(entry("world"));
  EXPECT_EQ(queue.amount(), 10U);
  EXPECT_EQ(queue.cost(), 10 + 2 * SendQueue::overhead);
  EXPECT_EQ(as_text(queue.rest()), "hello");
  EXPECT_FALSE(queue.take(2));
  EXPECT_EQ(as_text(queue.rest()), "llo");
  EXPECT_EQ(queue.amount(), 8U);
  EXPECT_TRUE(queue.take(3));
  EXPECT_EQ(as_text(queue.rest()), "world");
  EXPECT_TRUE(queue.take(5));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.amount(), 0U);
}

TEST(SendQueue, CarriesAnEmptyMessageAsOneByte) {
  SendQueue queue;
  queue.push(entry(""));
  EXPECT_EQ(queue.amount(), 0U);
  EXPECT_TRUE(equal(queue.rest(), testing::hex("00")));
  EXPECT_FALSE(queue.take(0));
  EXPECT_TRUE(queue.take(1));
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, DoesNotCountWhatTheApplicationDidNotSend) {
  SendQueue queue;
  queue.push({.kind = MessageKind::control, .data = testing::hex("02")});
  EXPECT_EQ(queue.amount(), 0U);
  EXPECT_TRUE(queue.take(1));
  EXPECT_EQ(queue.amount(), 0U);
}

TEST(SendQueue, CountsTheRestOfWhatWasBegunElsewhere) {
  SendQueue queue;
  SendQueue::Entry begun = entry("hello");
  begun.taken = 4;
  begun.begun = true;
  queue.push(std::move(begun));
  EXPECT_EQ(queue.amount(), 1U);
  EXPECT_EQ(as_text(queue.rest()), "o");
}

TEST(SendQueue, DropsWhatIsTooOld) {
  constexpr TimePoint start{};
  SendQueue queue;
  queue.push(entry("a", start + 10ms));
  queue.push(entry("bb", start + 20ms));
  queue.push(entry("ccc", start + 30ms));
  EXPECT_EQ(queue.next_expiry(), start + 10ms);
  EXPECT_EQ(queue.expire(start + 10ms - 1ns), 0U);
  EXPECT_EQ(queue.expire(start + 20ms), 2U);
  EXPECT_EQ(queue.amount(), 3U);
  queue.front().begun = true;
  EXPECT_EQ(queue.next_expiry(), std::nullopt);
  EXPECT_EQ(queue.expire(start + 1h), 0U);
}

TEST(SendQueue, DiscardsAllButWhatIsBegun) {
  SendQueue queue;
  queue.push(entry("abc"));
  queue.push(entry("def"));
  queue.take(1);
  queue.front().begun = true;
  queue.discard();
  EXPECT_EQ(as_text(queue.rest()), "bc");
  EXPECT_EQ(queue.amount(), 2U);
  EXPECT_TRUE(queue.take(2));
  EXPECT_TRUE(queue.empty());
  queue.push(entry("ghi"));
  queue.discard();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.amount(), 0U);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
