#include <gtest/gtest.h>

#include "sctp/pipe.hpp"
#include "simulation/seeds.hpp"
#include "support/seeded_usrsctp.hpp"

// Many short lives of an association, each on another bad line: it connects, carries some messages of each
// kind, resets a stream and shuts down, and nothing reliable is missing.

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t count = 12;

void live(std::uint64_t seed, double loss) {
  const testing::SeededUsrsctp usrsctp(seed);
  const AssociationConfig left{.interleaving = seed % 3 != 0};
  Pipe pipe(seed, {.latency = 20ms, .jitter = 15ms, .loss = loss, .duplication = 0.02}, left);
  ASSERT_TRUE(pipe.connects());

  for (std::uint32_t i = 0; i < count; ++i) {
    Outgoing outgoing{.stream = static_cast<std::uint16_t>(i % 3), .protocol = i};
    outgoing.delivery.ordered = i % 4 != 3;
    if (i % 6 == 1) outgoing.delivery.max_retransmits = static_cast<std::uint16_t>(seed % 3);
    if (i % 6 == 4) outgoing.delivery.max_lifetime = 100ms;
    const auto payload = filled(1 + (i * 1237 + seed * 31) % 5000, i);
    outgoing.payload = payload;
    End& from = i % 2 == 0 ? pipe.left : pipe.right;
    ASSERT_EQ(*from.association.send(pipe.now, outgoing), payload.size());
    pipe.run_for(3ms);
  }
  const std::vector<std::uint16_t> streams{static_cast<std::uint16_t>(seed % 3)};
  ASSERT_TRUE(pipe.left.association.reset(pipe.now, streams));
  ASSERT_TRUE(pipe.run_until(
      [&] {
        if (pipe.left.over() || pipe.right.over()) return true;
        return pipe.left.count<OutgoingReset>() > 0 && pipe.left.association.unacknowledged() == 0 &&
               pipe.right.association.unacknowledged() == 0;
      },
      30min));
  ASSERT_FALSE(pipe.left.over() || pipe.right.over()) << pipe.left.failure() << pipe.right.failure();
  pipe.run_for(100ms);

  std::vector<int> seen(count);
  for (const End* end : {&pipe.left, &pipe.right}) {
    for (const Message& message : end->messages) {
      ASSERT_LT(message.protocol, count);
      EXPECT_EQ(message.payload, filled(1 + (message.protocol * 1237 + seed * 31) % 5000, message.protocol));
      ++seen[message.protocol];
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool may_be_lost = i % 6 == 1 || i % 6 == 4;
    EXPECT_LE(seen[i], 1) << i;
    EXPECT_TRUE(seen[i] == 1 || may_be_lost) << i;
  }
  pipe.left.association.shut_down(pipe.now);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over(); }, 30min));
  ASSERT_TRUE(pipe.run_until([&] { return pipe.right.over(); }, 30min));
  EXPECT_EQ(pipe.left.count<PeerClosed>() + pipe.right.count<PeerClosed>(), 2u);
}

class Lives : public ::testing::TestWithParam<double> {};

TEST_P(Lives, MissNothingThatIsReliable) {
  for (std::uint64_t seed = testing::first_seed(), i = testing::seeds(1000); i > 0; ++seed, --i) {
    SCOPED_TRACE(::testing::Message() << "loss " << GetParam() << " seed " << seed);
    live(seed, GetParam());
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(OnLines, Lives, ::testing::Values(0.0, 0.01, 0.05, 0.2), [](const auto& loss) {
  return "Losing" + std::to_string(static_cast<int>(loss.param * 100)) + "Percent";
});

}  // namespace
}  // namespace petrel::inline v0::sctp
