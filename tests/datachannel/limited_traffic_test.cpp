// Channels that may lose messages, on lines that do, for many seeds: what arrives is whole, once, and in
// order where that was asked for, and what does not was given up by the sender. Both ways at once.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "datachannel/numbered.hpp"
#include "datachannel/pair.hpp"
#include "simulation/seeds.hpp"
#include "support/seeded_usrsctp.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t messages = 150;
constexpr std::size_t one_packet = 1000;
constexpr std::size_t longest = 6000;

/// What a channel is limited to.
struct Limit {
  const char* name;
  std::optional<std::uint16_t> max_retransmits;
  std::optional<std::uint16_t> max_packet_life_time;
};
constexpr std::array<Limit, 4> limits{{{"no retransmission", 0, {}},
                                       {"one retransmission", 1, {}},
                                       {"50 ms", {}, 50},
                                       {"a fifth of a second", {}, 200}}};

/// What became of the messages of one kind, over all seeds.
struct Count {
  std::uint64_t sent = 0;
  std::uint64_t arrived = 0;
};

struct Side {
  End* end = nullptr;
  ChannelId limited{};
  ChannelId reliable{};
  std::uint32_t sent = 0;
};

class LimitedTraffic {
 public:
  LimitedTraffic(std::uint64_t seed, const Limit& limit, bool ordered, bool interleaves)
      : random_(seed * 104729 + 7),
        interleaves_(interleaves),
        init_{.ordered = ordered,
              .max_packet_life_time = limit.max_packet_life_time,
              .max_retransmits = limit.max_retransmits},
        pair_(seed, line_of(seed, random_), {.interleaving = interleaves}, {}) {}

  void run(Count& count) {
    ASSERT_TRUE(pair_.connects());
    open();
    if (::testing::Test::HasFailure()) return;
    while (sides_[0].sent < messages || sides_[1].sent < messages) {
      for (Side& side : sides_) send(side, random_.between(1, 8));
      pair_.run_for(std::chrono::milliseconds(random_.between(0, 25)));
    }
    say_the_last();
    for (const std::size_t to : {0U, 1U}) check(sides_[1 - to], sides_[to], count);
    close();
  }

 private:
  static LineConfig line_of(std::uint64_t seed, testing::SeededRandom& random) {
    constexpr double losses[] = {0.02, 0.1, 0.2};
    return {.latency = std::chrono::milliseconds(random.between(1, 60)),
            .jitter = std::chrono::milliseconds(random.between(0, 40)),
            .loss = losses[seed % 3],
            .duplication = 0.02};
  }

  // The limited channel is the left one's, and both send on it.
  void open() {
    const std::array<ChannelId, 2> left{pair_.create(pair_.left, "limited", init_),
                                        pair_.create(pair_.left, "reliable")};
    sides_[0] = Side{&pair_.left, left[0], left[1]};
    // Before the ACK, in order whatever the channel has (RFC 8832 6).
    if (random_.between(0, 1) == 0) send(sides_[0], random_.between(1, 20));
    ASSERT_TRUE(pair_.run_until([this] { return pair_.right.announced.size() == 2; }, 120s));
    std::array<ChannelId, 2> right = {pair_.right.announced[0], pair_.right.announced[1]};
    if (pair_.right.channels.info(right[0])->label == "reliable") std::swap(right[0], right[1]);
    sides_[1] = Side{&pair_.right, right[0], right[1]};
    const ChannelInit theirs = pair_.right.channels.info(right[0])->init;
    EXPECT_EQ(theirs.ordered, init_.ordered);
    EXPECT_EQ(theirs.max_retransmits, init_.max_retransmits);
    EXPECT_EQ(theirs.max_packet_life_time, init_.max_packet_life_time);
  }

  // Without I-DATA a fragment that stays behind may block unordered messages over one packet
  // (docs/usrsctp.md).
  std::size_t any_size() {
    const bool may_be_long = init_.ordered || interleaves_;
    return random_.between(8, may_be_long && random_.between(0, 4) == 0 ? longest : one_packet);
  }

  void send(Side& side, std::uint32_t count) {
    for (; count > 0 && side.sent < messages; --count, ++side.sent) {
      const auto message = message_of(side.sent, any_size());
      const auto taken = side.end->channels.try_send(pair_.now, side.limited, message, false);
      ASSERT_TRUE(taken) << taken.error().message() << ", " << side.end->end_of(side.limited).message();
      ASSERT_TRUE(*taken) << "there is room for all of them";
    }
    pair_.settle();
  }

  // The other channel has lost nothing, whatever was given up on the limited one; and when it has its word,
  // nothing more comes.
  void say_the_last() {
    for (const Side& side : sides_) {
      const auto taken = pair_.send(*side.end, side.reliable, "last");
      EXPECT_TRUE(taken && *taken);
    }
    pair_.settle();
    const auto heard = [](const Side& side) { return side.end->messages[side.reliable].size() == 1; };
    EXPECT_TRUE(pair_.run_until([&] { return heard(sides_[0]) && heard(sides_[1]); }, 300s));
    pair_.run_for(30s);
  }

  void check(const Side& from, const Side& to, Count& count) {
    std::vector<bool> seen(messages);
    std::optional<std::uint32_t> last;
    const auto& arrived = to.end->messages[to.limited];
    for (const Message& message : arrived) {
      const auto number = number_of(message);
      ASSERT_TRUE(number) << message.data.size() << " bytes that nobody sent";
      ASSERT_LT(*number, messages);
      EXPECT_FALSE(seen[*number]) << *number << " came twice";
      seen[*number] = true;
      if (init_.ordered && last) {
        EXPECT_GT(*number, *last) << "out of order";
      }
      last = number;
    }
    const ChannelStats sent = from.end->channels.info(from.limited)->stats;
    const ChannelStats received = to.end->channels.info(to.limited)->stats;
    EXPECT_EQ(sent.messages_sent + sent.messages_expired, messages) << "taken by SCTP, or given up before";
    EXPECT_EQ(received.messages_received, arrived.size());
    EXPECT_LE(received.messages_received, sent.messages_sent);
    count.sent += messages;
    count.arrived += arrived.size();
  }

  void close() {
    pair_.left.channels.close(pair_.now, sides_[0].limited);
    pair_.settle();
    EXPECT_TRUE(pair_.run_until(
        [this] {
          return std::ranges::all_of(
              sides_, [](const Side& side) { return side.end->count<Closed>(side.limited) == 1; });
        },
        300s));
    for (const Side& side : sides_) EXPECT_FALSE(side.end->end_of(side.limited));
  }

  testing::SeededRandom random_;
  bool interleaves_;
  ChannelInit init_;
  Pair pair_;
  std::array<Side, 2> sides_{};
};

class Limited : public ::testing::TestWithParam<Limit> {};

TEST_P(Limited, TrafficIsWholeOnceAndInOrder) {
  Count count;
  const std::uint64_t first = testing::first_seed();
  for (std::uint64_t seed = first; seed < first + testing::seeds(200); ++seed) {
    const bool ordered = seed % 4 != 0;
    const bool interleaves = seed % 5 < 2;
    SCOPED_TRACE(::testing::Message() << "seed " << seed << (ordered ? ", ordered" : ", unordered")
                                      << (interleaves ? ", I-DATA" : ""));
    const testing::SeededUsrsctp usrsctp(seed);
    LimitedTraffic(seed, GetParam(), ordered, interleaves).run(count);
    if (HasFailure()) return;
  }
  EXPECT_LT(count.arrived, count.sent) << "nothing was ever given up";
  EXPECT_GT(count.arrived, count.sent / 4);
  RecordProperty("arrived_percent", static_cast<int>(count.arrived * 100 / count.sent));
}

INSTANTIATE_TEST_SUITE_P(To, Limited, ::testing::ValuesIn(limits), [](const auto& limit) {
  std::string name = limit.param.name;
  std::erase(name, ' ');
  return name;
});

}  // namespace
}  // namespace petrel::inline v0::datachannel
