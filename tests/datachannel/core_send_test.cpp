#include <gtest/gtest.h>

#include <map>

#include "datachannel/core_bench.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

class CoreSend : public ::testing::Test {
 protected:
  // A channel that the peer has acknowledged.
  ChannelId opened(ChannelInit init = {}) {
    if (bench.link == nullptr) bench.start({.remote_max_message_size = 0});
    if (bench.core.channels().empty()) bench.connect(interleaving);
    const std::size_t room = std::exchange(bench.link->room, ScriptedLink::unlimited);
    const ChannelId channel = bench.create("ours", std::move(init));
    if (!bench.core.info(channel)->init.negotiated) bench.peer_acknowledges(bench.stream_of(channel));
    bench.events();
    bench.sent();
    bench.link->room = room;
    return channel;
  }
  std::size_t buffered(ChannelId channel) { return bench.core.info(channel)->buffered_amount; }

  bool interleaving = true;
  CoreBench bench{{.max_message_size = 100'000, .max_buffered = 1000}};
};

TEST_F(CoreSend, GivesEachKindOfMessageItsProtocol) {
  const ChannelId channel = opened();
  EXPECT_TRUE(bench.core.try_send(bench.now, channel, as_bytes("text"), true).value());
  EXPECT_TRUE(bench.core.try_send(bench.now, channel, as_bytes("binary"), false).value());
  EXPECT_TRUE(bench.core.try_send(bench.now, channel, {}, true).value());
  EXPECT_TRUE(bench.core.try_send(bench.now, channel, {}, false).value());
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].protocol, 51U);
  EXPECT_EQ(sent[0].text(), "text");
  EXPECT_EQ(sent[1].protocol, 53U);
  EXPECT_EQ(sent[1].text(), "binary");
  EXPECT_EQ(sent[2].protocol, 56U);
  EXPECT_EQ(sent[3].protocol, 57U);
  EXPECT_EQ(sent[3].payload, testing::hex("00"));  // SCTP has no empty messages.
  const ChannelStats stats = bench.core.info(channel)->stats;
  EXPECT_EQ(stats.messages_sent, 4U);
  EXPECT_EQ(stats.bytes_sent, 10U);
}

TEST_F(CoreSend, SendsEmptyMessagesThatHadToWait) {
  const ChannelId channel = opened();
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, "").value());
  bench.makes_room(10);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].protocol, 56U);
  EXPECT_EQ(bench.core.info(channel)->stats.bytes_sent, 0U);
}

TEST_F(CoreSend, SendsAsTheChannelSays) {
  const ChannelId retransmits = opened({.ordered = false, .max_retransmits = 3});
  const ChannelId lifetime = opened({.max_packet_life_time = 250});
  EXPECT_TRUE(bench.send(retransmits, "a").value());
  EXPECT_TRUE(bench.send(lifetime, "b").value());
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_FALSE(sent[0].delivery.ordered);
  EXPECT_EQ(sent[0].delivery.max_retransmits, 3);
  EXPECT_EQ(sent[0].delivery.max_lifetime, std::nullopt);
  EXPECT_TRUE(sent[1].delivery.ordered);
  EXPECT_EQ(sent[1].delivery.max_lifetime, 250ms);
}

TEST_F(CoreSend, SendsOrderedUntilThePeerHasSaidSomething) {
  bench.connect();
  for (const bool by_ack : {true, false}) {
    const ChannelId channel = bench.create("ours", {.ordered = false, .max_retransmits = 0});
    const std::uint16_t stream = bench.stream_of(channel);
    bench.sent();
    EXPECT_TRUE(bench.send(channel, "before").value());
    if (by_ack) {
      bench.peer_acknowledges(stream);
    } else {
      bench.arrives(stream, Protocol::text, "anything");
    }
    EXPECT_TRUE(bench.send(channel, "after").value());
    const auto sent = bench.sent();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_TRUE(sent[0].delivery.ordered);
    EXPECT_EQ(sent[0].delivery.max_retransmits, 0);
    EXPECT_FALSE(sent[1].delivery.ordered);
  }
}

TEST_F(CoreSend, KeepsAMessageOrderedThatWasBegunSo) {
  bench.connect();
  const ChannelId channel = bench.create("ours", {.ordered = false});
  bench.sent();
  bench.link->room = 2;
  EXPECT_TRUE(bench.send(channel, "long").value());
  bench.peer_acknowledges(1);
  bench.makes_room(10);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(sent[1].delivery.ordered);
  EXPECT_EQ(sent[0].text() + sent[1].text(), "long");
  EXPECT_FALSE(sent[0].last);
  EXPECT_TRUE(sent[1].last);
}

TEST_F(CoreSend, IsNotOpenBeforeAndAfter) {
  const ChannelId channel = bench.create();
  EXPECT_EQ(bench.send(channel, "x").error(), Errc::not_open);
  EXPECT_EQ(bench.core.error_detail(), "the channel is connecting");
  bench.connect();
  bench.core.close(bench.now, channel);
  EXPECT_EQ(bench.send(channel, "x").error(), Errc::not_open);
  EXPECT_EQ(bench.send(ChannelId{9}, "x").error(), Errc::unknown_channel);
}

TEST_F(CoreSend, NamesBothSizesOfAMessageThatIsTooLong) {
  bench.start({.remote_max_message_size = 1000});
  bench.connect();
  const ChannelId channel = opened();
  EXPECT_TRUE(bench.send(channel, std::string(1000, 'x')).value());
  EXPECT_EQ(bench.send(channel, std::string(1001, 'x')).error(), Errc::message_too_long);
  EXPECT_EQ(bench.core.error_detail(), "the message has 1001 bytes, the peer takes 1000");
  EXPECT_EQ(bench.sent().size(), 1U);
}

TEST_F(CoreSend, TakesZeroForNoLimitOfThePeers) {
  bench.start({.remote_max_message_size = 0});
  bench.connect();
  const ChannelId channel = opened();
  EXPECT_TRUE(bench.send(channel, std::string(100'000, 'x')).value());
  EXPECT_EQ(bench.send(channel, std::string(100'001, 'x')).error(), Errc::message_too_long);
  EXPECT_EQ(bench.core.error_detail(), "the message has 100001 bytes, max_message_size is 100000");
}

TEST_F(CoreSend, PushesBackUntilThereIsRoom) {
  const ChannelId channel = opened();
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, std::string(999, 'a')).value());
  EXPECT_FALSE(bench.send(channel, "b").value());
  EXPECT_FALSE(bench.send(channel, "b").value());
  EXPECT_EQ(buffered(channel), 999U);
  bench.makes_room(50);
  EXPECT_EQ(buffered(channel), 949U);
  EXPECT_EQ(bench.events(), Names{});
  bench.makes_room(500);
  EXPECT_EQ(bench.events(), Names{"writable 1"});
  EXPECT_TRUE(bench.send(channel, "b").value());
  bench.makes_room(ScriptedLink::unlimited);
  EXPECT_EQ(buffered(channel), 0U);
  EXPECT_EQ(bench.sent().back().text(), "b");
}

TEST_F(CoreSend, PushesBackEmptyMessagesToo) {
  const ChannelId channel = opened();
  bench.link->room = 0;
  int taken = 0;
  while (taken < 1000 && bench.send(channel, "").value()) ++taken;
  EXPECT_EQ(taken, 8);  // 128 bytes each.
  EXPECT_EQ(buffered(channel), 0U);
}

TEST_F(CoreSend, TakesOneMessageWhateverItsSize) {
  const ChannelId channel = opened();
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, std::string(60'000, 'a')).value());
  EXPECT_EQ(buffered(channel), 60'000U);
  EXPECT_FALSE(bench.send(channel, "").value());
}

TEST_F(CoreSend, SaysWhenTheAmountFallsToTheThreshold) {
  const ChannelId channel = opened();
  ASSERT_TRUE(bench.core.set_buffered_amount_low_threshold(channel, 100));
  EXPECT_FALSE(bench.core.set_buffered_amount_low_threshold(ChannelId{9}, 1));
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, std::string(300, 'a')).value());
  bench.makes_room(199);
  EXPECT_EQ(bench.events(), Names{});
  bench.makes_room(1);
  EXPECT_EQ(bench.events(), Names{"low 1"});
  bench.makes_room(100);
  EXPECT_EQ(bench.events(), Names{});  // It was below already.
}

TEST_F(CoreSend, SaysSoOfAMessageThatNeverWaited) {
  const ChannelId channel = opened();
  EXPECT_TRUE(bench.send(channel, "a").value());
  EXPECT_TRUE(bench.send(channel, "b").value());
  EXPECT_EQ(bench.events(), Names{"low 1"});  // Once, as nobody has heard of the first.
  EXPECT_TRUE(bench.send(channel, "").value());
  EXPECT_EQ(bench.events(), Names{});
}

TEST_F(CoreSend, SharesByPriorityPieceByPiece) {
  std::map<std::uint16_t, Priority> priorities;
  std::vector<ChannelId> channels;
  for (const Priority priority : {Priority::very_low, Priority::low, Priority::medium, Priority::high}) {
    channels.push_back(opened({.priority = priority}));
    priorities[bench.stream_of(channels.back())] = priority;
  }
  bench.link->room = 0;
  for (const ChannelId channel : channels) {
    EXPECT_TRUE(bench.send(channel, std::string(100'000, 'x')).value());
  }
  for (int i = 0; i < 150; ++i) bench.makes_room(1000);
  std::map<Priority, std::size_t> bytes;
  for (const auto& piece : bench.sent()) bytes[priorities[piece.stream]] += piece.payload.size();
  EXPECT_NEAR(static_cast<double>(bytes[Priority::very_low]), 10'000, 1500);
  EXPECT_NEAR(static_cast<double>(bytes[Priority::low]), 20'000, 1500);
  EXPECT_NEAR(static_cast<double>(bytes[Priority::medium]), 40'000, 1500);
  EXPECT_NEAR(static_cast<double>(bytes[Priority::high]), 80'000, 1500);
}

TEST_F(CoreSend, SharesByPriorityMessageByMessageWithoutInterleaving) {
  interleaving = false;
  CoreBench wide({.max_buffered = 1 << 20});
  wide.connect(false);
  const ChannelId low = wide.create("low", {.priority = Priority::low});
  const ChannelId high = wide.create("high", {.priority = Priority::high});
  wide.sent();
  wide.link->room = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(wide.send(low, std::string(1000, 'x')).value());
    EXPECT_TRUE(wide.send(high, std::string(1000, 'x')).value());
  }
  for (int i = 0; i < 100; ++i) wide.makes_room(500);
  std::map<std::uint16_t, std::size_t> bytes;
  std::optional<std::uint16_t> unfinished;
  for (const auto& piece : wide.sent()) {
    if (unfinished) {
      EXPECT_EQ(piece.stream, *unfinished);
    }
    unfinished = piece.last ? std::nullopt : std::optional(piece.stream);
    bytes[piece.stream] += piece.payload.size();
  }
  EXPECT_NEAR(static_cast<double>(bytes[1]), 10'000, 1001);
  EXPECT_NEAR(static_cast<double>(bytes[3]), 40'000, 1001);
}

TEST_F(CoreSend, LetsAnImportantMessageBetweenThePiecesOfALongOne) {
  const ChannelId file = opened({.priority = Priority::very_low});
  const ChannelId chat = opened({.priority = Priority::high});
  bench.link->room = 10'000;
  EXPECT_TRUE(bench.send(file, std::string(100'000, 'f')).value());
  EXPECT_TRUE(bench.send(chat, "urgent").value());
  bench.makes_room(1000);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[1].text(), "urgent");
}

TEST_F(CoreSend, DropsWhatHasWaitedLongerThanItsLifetime) {
  const ChannelId channel = opened({.max_packet_life_time = 100});
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, std::string(990, 'a')).value());
  EXPECT_FALSE(bench.send(channel, "b").value());
  EXPECT_EQ(bench.core.next_timeout(), bench.now + 100ms);
  bench.time_passes(100ms - 1ns);
  EXPECT_EQ(buffered(channel), 990U);
  bench.time_passes(1ns);
  EXPECT_EQ(buffered(channel), 0U);
  EXPECT_EQ(bench.core.info(channel)->stats.messages_expired, 1U);
  EXPECT_EQ(bench.events(), (Names{"low 1", "writable 1"}));
  EXPECT_EQ(bench.core.next_timeout(), std::nullopt);
}

TEST_F(CoreSend, CountsWhatAMessageHasWaitedAgainstItsLifetime) {
  const ChannelId channel = opened({.max_packet_life_time = 100});
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, "a").value());
  bench.now += 60ms;
  bench.makes_room(10);
  EXPECT_EQ(bench.sent().at(0).delivery.max_lifetime, 40ms);
}

TEST_F(CoreSend, FinishesAMessageThatIsBegunWhateverItsLifetime) {
  const ChannelId channel = opened({.max_packet_life_time = 100});
  bench.link->room = 1;
  EXPECT_TRUE(bench.send(channel, "ab").value());
  EXPECT_TRUE(bench.send(channel, "cd").value());
  bench.time_passes(1s);
  bench.makes_room(10);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].text(), "b");
  EXPECT_EQ(bench.core.info(channel)->stats.messages_expired, 1U);
}

TEST_F(CoreSend, WaitsForAStreamWithoutHoldingUpOthers) {
  bench.connect();
  const ChannelId near = opened();
  const ChannelId far = bench.create("far", {.negotiated = true, .id = 500});
  EXPECT_TRUE(bench.send(far, "far").value());
  EXPECT_TRUE(bench.send(near, "near").value());
  EXPECT_EQ(bench.sent().at(0).text(), "near");
  bench.link->streams = 600;
  bench.happens(sctp::StreamsAdded{600});
  EXPECT_EQ(bench.sent().at(0).text(), "far");
}

TEST_F(CoreSend, ClosesAChannelThatGetsNoStream) {
  bench.connect();
  const ChannelId far = bench.create("far", {.negotiated = true, .id = 500});
  bench.events();
  EXPECT_TRUE(bench.send(far, "far").value());
  bench.link->send_error = sctp::Errc::unknown_stream;
  bench.happens(sctp::StreamsAdded{300});
  EXPECT_EQ(bench.events(), Names{"closed 1: the peer has no SCTP stream left for the channel"});
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
