#include "ice/shared.hpp"

#include <gtest/gtest.h>

#include "ice/check.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using petrel::testing::SeededRandom;

TEST(Shared, DropsAndCountsTransmitsThatNobodyTakes) {
  SeededRandom random(1);
  Shared shared({}, random);
  for (std::size_t i = 0; i < Shared::max_transmits; ++i) {
    EXPECT_TRUE(shared.transmit(FlowId{1}, {}, PacketBuffer{}));
  }
  EXPECT_FALSE(shared.transmit(FlowId{1}, {}, PacketBuffer{}));
  EXPECT_EQ(shared.transmits.size(), Shared::max_transmits);
  EXPECT_EQ(shared.stats.transmits_dropped, 1u);
}

TEST(Shared, RefusesNoMoreThanItsLimitAdmitsAndCountsTheRest) {
  SeededRandom random(1);
  Shared shared({}, random);
  const auto request = stun::Builder(stun::Class::request, stun::Method::binding, {}).finish().value();
  const auto view = stun::MessageView::parse(request.bytes()).value();
  const auto refuse = [&] {
    for (int i = 0; i < 1000; ++i) shared.refuse({FlowId{1}, {}, {}, {}}, view, {401, "Unauthenticated"});
    const std::size_t sent = shared.transmits.size();
    shared.transmits.clear();
    return sent;
  };
  EXPECT_EQ(refuse(), 32u);
  EXPECT_EQ(shared.stats.refusals_withheld, 968u);
  shared.now += std::chrono::seconds(1);
  EXPECT_EQ(refuse(), 20u);
}

TEST(Shared, KeepsEveryEventWhileTheyAreTaken) {
  SeededRandom random(1);
  Shared shared({}, random);
  shared.emit(StateChanged{StreamId{1}, State::checking});
  shared.emit(StateChanged{StreamId{1}, State::connected});
  EXPECT_EQ(shared.events.size(), 2u);
}

TEST(Shared, KeepsOnlyTheNewestNewsOfAStreamOnceTheyPileUp) {
  SeededRandom random(1);
  Shared shared({}, random);
  shared.emit(StateChanged{StreamId{2}, State::checking});
  for (int i = 0; i < 1000; ++i) {
    shared.emit(StateChanged{StreamId{1}, i % 2 == 0 ? State::disconnected : State::completed});
    shared.emit(PairSelected{StreamId{1}, {}});
  }
  EXPECT_LE(shared.events.size(), Shared::events_before_coalescing + 2);
  EXPECT_EQ(std::get<StateChanged>(shared.events.front()).stream, StreamId{2});
  EXPECT_TRUE(std::holds_alternative<PairSelected>(shared.events.back()));
}

}  // namespace
}  // namespace petrel::inline v0::ice
