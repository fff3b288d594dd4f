#include "io/event_stream.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace petrel::inline v0::io {
namespace {

constexpr std::size_t limit = 3;

struct Thing : std::enable_shared_from_this<Thing> {
  explicit Thing(asio::io_context& io) : events(io.get_executor(), limit) {}
  auto next() {
    return events.next(shared_from_this(), [this] { return over; });
  }
  EventStream<int> events;
  bool over = false;
};

class EventStreamTest : public testing::Test {
 protected:
  // Reads until the end.
  asio::awaitable<void> read() {
    while (const auto event = co_await thing->next()) read_.push_back(*event);
    ended_ = true;
  }
  void start() { asio::co_spawn(io, read(), asio::detached); }

  asio::io_context io;
  std::shared_ptr<Thing> thing = std::make_shared<Thing>(io);
  std::vector<int> read_;
  bool ended_ = false;
};

TEST_F(EventStreamTest, NextGivesWhatIsThereThenWaitsThenEnds) {
  thing->events.push(1);
  thing->events.push(2);
  start();
  io.poll();
  EXPECT_EQ(read_, (std::vector{1, 2}));
  thing->events.push(3);
  thing->over = true;
  thing->events.wake();
  io.poll();
  EXPECT_EQ(read_, (std::vector{1, 2, 3})) << "what had come before the end is not lost";
  EXPECT_TRUE(ended_);
}

TEST_F(EventStreamTest, OfTooManyTheOldestGo) {
  for (int each = 1; each <= 5; ++each) thing->events.push(each);
  thing->over = true;
  start();
  io.poll();
  EXPECT_EQ(read_, (std::vector{3, 4, 5}));
}

TEST_F(EventStreamTest, LettingGoEndsTheWait) {
  start();
  io.poll();
  thing->over = true;
  thing->events.let_go();
  io.poll();
  EXPECT_TRUE(ended_);
}

std::error_code refusal(asio::io_context& io, Thing& thing) {
  std::error_code found;
  asio::co_spawn(io, thing.next(), [&](std::exception_ptr error, std::optional<int>) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::system_error& thrown) {
      found = thrown.code();
    }
  });
  io.restart();
  io.poll();
  return found;
}

TEST_F(EventStreamTest, OneReaderAtATimeAndNoneBesideACallback) {
  start();
  io.poll();
  EXPECT_EQ(refusal(io, *thing), Errc::busy);
  thing->over = true;
  thing->events.wake();
  io.poll();
  thing->events.set_callback([](const int&) {});
  EXPECT_EQ(refusal(io, *thing), Errc::wrong_state);
}

TEST_F(EventStreamTest, TheCallbackMayReplaceItselfAndEndEverything) {
  bool alive = true;
  std::vector<int> heard;
  thing->events.push(1);
  EXPECT_FALSE(thing->events.due()) << "nobody has asked for it";
  thing->events.set_callback([&](const int& event) {
    heard.push_back(event);
    thing->events.set_callback([&](const int& next) {
      heard.push_back(10 * next);
      alive = false;
      thing->events.let_go();
    });
  });
  for (const int each : {2, 3}) thing->events.push(each);
  EXPECT_TRUE(thing->events.due());
  thing->events.deliver([&] { return alive; });
  EXPECT_EQ(heard, (std::vector{1, 20}));
}

}  // namespace
}  // namespace petrel::inline v0::io
