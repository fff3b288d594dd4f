#include "petrel/base/ring_queue.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace petrel::inline v0 {
namespace {

TEST(RingQueue, KeepsTheOrderWhileItWrapsAndGrows) {
  RingQueue<int> queue;
  int pushed = 0;
  int popped = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 7; ++i) queue.push_back(pushed++);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(queue.pop_front(), popped++);
  }

  EXPECT_EQ(queue.size(), 200U);
  while (!queue.empty()) EXPECT_EQ(queue.pop_front(), popped++);
  EXPECT_EQ(popped, pushed);
}

TEST(RingQueue, HoldsNothingOfWhatHasLeft) {
  RingQueue<std::shared_ptr<int>> queue;
  auto value = std::make_shared<int>(1);
  queue.push_back(value);
  queue.push_back(value);

  queue.pop_front();
  queue.remove_if([](const auto&) { return true; });

  EXPECT_EQ(value.use_count(), 1);
}

TEST(RingQueue, FindsTheFirstFromTheFront) {
  RingQueue<int> queue;
  for (const int value : {1, 4, 6}) queue.push_back(value);

  EXPECT_EQ(queue.find_if([](int i) { return i % 2 == 0; }), &queue[1]);
  EXPECT_EQ(queue.find_if([](int i) { return i > 6; }), nullptr);
}

TEST(RingQueue, TakesWhatCanOnlyBeMoved) {
  RingQueue<std::unique_ptr<int>> queue;
  for (int i = 0; i < 20; ++i) queue.push_back(std::make_unique<int>(i));

  EXPECT_EQ(*queue.pop_front(), 0);
  EXPECT_EQ(**queue.take(), 1);
  EXPECT_EQ(*queue.front(), 2);
  queue.clear();
  EXPECT_EQ(queue.take(), std::nullopt);
}

TEST(RingQueue, RemovesFromTheMiddleAndKeepsTheRestInOrder) {
  RingQueue<int> queue;
  for (int i = 0; i < 20; ++i) queue.push_back(i);
  for (int i = 0; i < 10; ++i) queue.pop_front();
  for (int i = 20; i < 24; ++i) queue.push_back(i);

  EXPECT_EQ(queue.remove_if([](int i) { return i % 2 == 0; }), 7U);

  for (int i = 11; i < 24; i += 2) EXPECT_EQ(queue.pop_front(), i);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace petrel::inline v0
