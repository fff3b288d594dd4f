#include "peer/data_channels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "petrel/peer/events.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::detail {
namespace {

constexpr TimePoint now{};
constexpr std::size_t record = 1163;

struct Side {
  explicit Side(std::uint64_t seed, const PeerConfig& config = {}) : random(seed), channels(config, random) {}

  template <class Event>
  std::vector<ChannelId> take() {
    std::vector<ChannelId> ids;
    while (auto event = channels.poll_event()) {
      if (const auto* found = std::get_if<Event>(&*event)) ids.push_back(found->channel);
    }
    return ids;
  }

  testing::SeededRandom random;
  DataChannels channels;
};

// Moves packets both ways until none is left, in no time.
void exchange(Side& a, Side& b) {
  for (bool moved = true; std::exchange(moved, false);) {
    while (auto packet = a.channels.poll_packet(now)) {
      b.channels.handle_packets(now, {&*packet, 1});
      moved = true;
    }
    while (auto packet = b.channels.poll_packet(now)) {
      a.channels.handle_packets(now, {&*packet, 1});
      moved = true;
    }
  }
}

void connect(Side& a, Side& b) {
  a.channels.handle_connected(now, true, record);
  b.channels.handle_connected(now, false, record);
}

void negotiate(Side& a, Side& b) {
  a.channels.negotiate(now, {5000, 65536});
  b.channels.negotiate(now, {5000, 65536});
}

TEST(DataChannels, OpenWhateverComesFirst) {
  std::string steps = "acd";  // They are agreed on; a channel is created; DTLS is up.
  do {
    Side alice(1);
    Side bob(2);
    for (const char step : steps) {
      switch (step) {
        case 'a':
          negotiate(alice, bob);
          break;
        case 'c':
          ASSERT_TRUE(alice.channels.create(now, "chat", {}));
          break;
        default:
          connect(alice, bob);
      }
      exchange(alice, bob);
    }
    EXPECT_EQ(alice.take<ChannelOpened>().size(), 1U) << steps;
    const auto announced = bob.take<ChannelAnnounced>();
    ASSERT_EQ(announced.size(), 1U) << steps;
    EXPECT_EQ(bob.channels.info(announced[0])->label, "chat") << steps;
  } while (std::ranges::next_permutation(steps).found);
}

TEST(DataChannels, HaveTheCountersOfTheirAssociation) {
  for (const bool zero_checksum : {true, false}) {
    PeerConfig config;
    config.sctp_zero_checksum = zero_checksum;
    Side alice(1, config);
    Side bob(2);
    EXPECT_FALSE(alice.channels.association_stats());
    ASSERT_TRUE(alice.channels.create(now, "chat", {}));
    EXPECT_FALSE(alice.channels.association_stats()) << "it has not begun";
    negotiate(alice, bob);
    connect(alice, bob);
    exchange(alice, bob);

    const auto stats = alice.channels.association_stats();
    ASSERT_TRUE(stats);
    EXPECT_GE(stats->packets_sent, 3U);
    EXPECT_GE(stats->packets_received, 3U);
    EXPECT_GT(stats->bytes_sent, 0U);
    EXPECT_EQ(stats->accepts_zero_checksum, zero_checksum);
    EXPECT_EQ(stats->peer_accepts_zero_checksum, zero_checksum);
    EXPECT_EQ(stats->packets_sent_zero_checksum > 0, zero_checksum);
    EXPECT_EQ(bob.channels.association_stats()->peer_accepts_zero_checksum, zero_checksum);

    alice.channels.end(now);
    EXPECT_GE(alice.channels.association_stats()->packets_sent, stats->packets_sent) << "kept to the end";
  }
}

TEST(DataChannels, KeepPacketsThatComeBeforeTheAgreement) {
  Side alice(1);
  Side bob(2);
  connect(alice, bob);
  alice.channels.negotiate(now, {5000, 65536});
  while (auto packet = alice.channels.poll_packet(now)) bob.channels.handle_packets(now, {&*packet, 1});
  EXPECT_FALSE(bob.channels.poll_packet(now));

  bob.channels.negotiate(now, {5000, 65536});
  exchange(alice, bob);
  ASSERT_TRUE(alice.channels.create(now, "chat", {}));
  exchange(alice, bob);

  EXPECT_EQ(bob.take<ChannelAnnounced>().size(), 1U);
}

TEST(DataChannels, DropEarlyPacketsPastTheFirstFew) {
  Side alice(1);
  PacketBuffer packet;
  packet.resize(100);
  for (std::size_t i = 0; i < DataChannels::max_early_packets + 3; ++i)
    alice.channels.handle_packets(now, {&packet, 1});
  EXPECT_EQ(alice.channels.early_packets_dropped(), 3U);
}

TEST(DataChannels, AreClosedWhenTheirMLineIsRejected) {
  Side alice(1);
  const auto id = alice.channels.create(now, "chat", {}).value();
  alice.channels.end(now);
  EXPECT_EQ(alice.take<ChannelClosed>(), std::vector{id});
}

// The m-line was taken away and came back: a second association, whose ids are its own.
TEST(DataChannels, OfASecondAssociationHaveIdsThatTheFirstHadNot) {
  Side alice(1);
  Side bob(2);
  connect(alice, bob);
  negotiate(alice, bob);
  const auto first = alice.channels.create(now, "first", {}).value();
  exchange(alice, bob);
  const auto heard = bob.take<ChannelAnnounced>();
  ASSERT_EQ(heard.size(), 1U);
  alice.channels.end(now);
  bob.channels.end(now);
  while (alice.channels.poll_packet(now)) {
  }
  while (bob.channels.poll_packet(now)) {
  }
  EXPECT_EQ(bob.take<ChannelClosed>(), heard);

  negotiate(alice, bob);
  const auto second = alice.channels.create(now, "second", {}).value();
  exchange(alice, bob);

  EXPECT_GT(second.value, first.value);
  const auto heard_again = bob.take<ChannelAnnounced>();
  ASSERT_EQ(heard_again.size(), 1U);
  EXPECT_GT(heard_again[0].value, heard[0].value);
  EXPECT_EQ(bob.channels.info(heard_again[0])->label, "second");
  EXPECT_EQ(bob.channels.ids(), heard_again);
  EXPECT_FALSE(alice.channels.info(first)) << "its Closed was taken over, but nobody else answers for it";
  EXPECT_EQ(alice.channels.try_send(now, first, {}, true).error(), datachannel::Errc::unknown_channel);
  ASSERT_TRUE(alice.channels.try_send(now, second, as_bytes("hello"), true));
  exchange(alice, bob);
  EXPECT_EQ(bob.channels.receive(now, heard_again[0])->text(), "hello");
}

TEST(DataChannels, HaveNothingToSayWithoutAny) {
  Side alice(1);
  EXPECT_FALSE(alice.channels.next_timeout());
  EXPECT_FALSE(alice.channels.poll_packet(now));
  EXPECT_FALSE(alice.channels.poll_event());
  EXPECT_TRUE(alice.channels.ids().empty());
  EXPECT_FALSE(alice.channels.receive(now, ChannelId{1}));
  alice.channels.close(now, ChannelId{1});
  alice.channels.close(now);
  alice.channels.end(now);
  alice.channels.handle_disconnected(now);
  alice.channels.handle_timeout(now);
}

}  // namespace
}  // namespace petrel::inline v0::detail
