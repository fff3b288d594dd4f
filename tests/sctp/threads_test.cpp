#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "petrel/sctp/association.hpp"
#include "sctp/pipe.hpp"

// Associations on several threads at once: they share usrsctp, and nothing else. With their own time lines,
// which are not in step with each other. (The wall clock is left alone: there is one for all threads.)

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

// Two associations back to back, without losses and in no time but that of their timers.
bool carries_everything(std::uint64_t seed, int messages) {
  testing::SeededRandom random(seed);
  TimePoint now{std::chrono::hours(seed)};
  End left(now, {}, random);
  End right(now, {}, random);
  left.association.connect(now);
  right.association.connect(now);
  int sent = 0;
  for (int round = 0; round < 100'000; ++round) {
    for (const auto& [from, to] : {std::pair(&left, &right), std::pair(&right, &left)}) {
      from->take(now);
      while (auto packet = from->association.poll_packet())
        to->association.handle_packet(now, packet->bytes());
    }
    if (left.association.connected() && sent < messages) {
      const auto payload = filled(3000, static_cast<std::uint32_t>(sent));
      if (left.association.send(now, {.payload = payload}).value() == payload.size()) ++sent;
    }
    if (right.messages.size() == static_cast<std::size_t>(messages)) return true;
    now += 1ms;
    left.association.handle_timeout(now);
    right.association.handle_timeout(now);
  }
  return false;
}

TEST(Threads, EachCarryTheirOwnAssociations) {
  constexpr std::uint64_t count = 4;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < count; ++i) {
    threads.emplace_back([&done, i] {
      for (std::uint64_t round = 0; round < 3; ++round) done += carries_everything(1 + i * 3 + round, 100);
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(done, 12);
}

TEST(Threads, MayEndWhatAnotherBegan) {
  testing::SeededRandom random(1);
  auto end = std::make_unique<End>(TimePoint{}, AssociationConfig{}, random);
  end->association.connect(TimePoint{});
  std::thread([&end] {
    end->association.handle_timeout(TimePoint(10ms));
    while (end->association.poll_packet()) continue;
    end.reset();
  }).join();
  EXPECT_EQ(end, nullptr);
}

}  // namespace
}  // namespace petrel::inline v0::sctp
