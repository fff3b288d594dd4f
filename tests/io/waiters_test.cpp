#include "io/waiters.hpp"

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>

namespace petrel::inline v0::io {
namespace {

struct Thing {
  explicit Thing(asio::io_context& io) : waiters(io.get_executor()) {}
  Waiters waiters;
  int value = 0;
};

asio::awaitable<void> until_value(std::shared_ptr<Thing> thing, int wanted, int& looked) {
  while (++looked, thing->value < wanted) co_await thing->waiters.wait(thing);
}

TEST(Waiters, AllLookAgainWhenWoken) {
  asio::io_context io;
  const auto thing = std::make_shared<Thing>(io);
  int first = 0;
  int second = 0;
  asio::co_spawn(io, until_value(thing, 1, first), asio::detached);
  asio::co_spawn(io, until_value(thing, 2, second), asio::detached);
  io.poll();
  EXPECT_EQ(first + second, 2);
  thing->value = 1;
  io.poll();
  EXPECT_EQ(first + second, 2) << "nobody has been woken";
  thing->waiters.wake();
  io.poll();
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 2);
  thing->value = 2;
  thing->waiters.wake();
  io.poll();
  EXPECT_EQ(first, 2) << "it had what it wanted";
  EXPECT_EQ(second, 3);
}

TEST(Waiters, LettingGoEndsEveryWaitAndLaterOnesReturnAtOnce) {
  asio::io_context io;
  const auto thing = std::make_shared<Thing>(io);
  int returned = 0;
  const auto wait = [&]() -> asio::awaitable<void> {
    co_await thing->waiters.wait(thing);
    ++returned;
    co_await thing->waiters.wait(thing);
    ++returned;
  };
  asio::co_spawn(io, wait(), asio::detached);
  io.poll();
  thing->waiters.let_go();
  thing->waiters.wake();
  io.poll();
  EXPECT_EQ(returned, 2);
}

TEST(Waiters, ACancelledCoroutineIsToldAndTheOthersWait) {
  asio::io_context io;
  const auto thing = std::make_shared<Thing>(io);
  asio::cancellation_signal stop;
  std::exception_ptr ended;
  asio::co_spawn(io, thing->waiters.wait(thing),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr error) { ended = error; }));
  int looked = 0;
  asio::co_spawn(io, until_value(thing, 1, looked), asio::detached);
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.poll();
  ASSERT_TRUE(ended);
  EXPECT_THROW(std::rethrow_exception(ended), std::system_error);
  EXPECT_EQ(looked, 1);
}

TEST(Waiters, AWaitKeepsItsOwner) {
  asio::io_context io;
  auto thing = std::make_shared<Thing>(io);
  const std::weak_ptr<Thing> watched = thing;
  asio::co_spawn(io, thing->waiters.wait(thing), asio::detached);
  io.poll();
  thing.reset();
  ASSERT_FALSE(watched.expired());
  watched.lock()->waiters.wake();
  io.poll();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace petrel::inline v0::io
