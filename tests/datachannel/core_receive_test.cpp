#include <gtest/gtest.h>

#include "datachannel/core_bench.hpp"

namespace petrel::inline v0::datachannel {
namespace {

const std::vector<std::vector<std::uint16_t>> no_resets{};

class CoreReceive : public ::testing::Test {
 protected:
  CoreReceive() {
    bench.connect();
    bench.events();
  }
  ChannelId negotiated(std::uint16_t id = 10) {
    const ChannelId channel = bench.create("both", {.negotiated = true, .id = id});
    bench.events();
    return channel;
  }
  std::vector<std::uint16_t> resets() {
    std::vector<std::uint16_t> all;
    for (const auto& streams : std::exchange(bench.link->resets, {})) {
      all.insert(all.end(), streams.begin(), streams.end());
    }
    return all;
  }
  using Streams = std::vector<std::uint16_t>;

  CoreBench bench{{.max_message_size = 1000, .max_unread = 2000, .max_channels = 4}};
};

TEST_F(CoreReceive, AnnouncesWhatThePeerOpens) {
  bench.peer_opens(2, {.ordered = false,
                       .reliability = Reliability::lifetime,
                       .reliability_parameter = 300,
                       .priority = 512,
                       .label = "theirs",
                       .protocol = "v2"});
  EXPECT_EQ(bench.events(), (Names{"announced 1", "opened 1"}));
  const auto info = bench.core.info(ChannelId{1});
  EXPECT_EQ(info->label, "theirs");
  EXPECT_EQ(info->init.protocol, "v2");
  EXPECT_FALSE(info->init.ordered);
  EXPECT_EQ(info->init.max_packet_life_time, 300);
  EXPECT_EQ(info->init.max_retransmits, std::nullopt);
  EXPECT_EQ(info->init.priority, Priority::medium);
  EXPECT_EQ(info->init.id, 2);
  EXPECT_FALSE(info->init.negotiated);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].stream, 2);
  EXPECT_EQ(sent[0].protocol, 50U);
  EXPECT_TRUE(is_ack(sent[0].payload));
  EXPECT_TRUE(sent[0].delivery.ordered);
  EXPECT_EQ(sent[0].delivery.max_lifetime, std::nullopt);
}

TEST_F(CoreReceive, RoundsUnusualPrioritiesUpAndLimitsDown) {
  const std::vector<std::pair<std::uint16_t, Priority>> expected{
      {0, Priority::very_low}, {129, Priority::low}, {257, Priority::medium}, {65535, Priority::high}};
  std::uint16_t stream = 0;
  for (const auto& [value, priority] : expected) {
    bench.peer_opens(
        stream,
        {.reliability = Reliability::retransmissions, .reliability_parameter = 100'000, .priority = value});
    stream += 2;
    const auto info = bench.core.info(ChannelId{stream / 2U});
    EXPECT_EQ(info->init.priority, priority);
    EXPECT_EQ(info->init.max_retransmits, 65535);
  }
}

TEST_F(CoreReceive, DeliversEveryKindOfMessage) {
  const ChannelId channel = negotiated();
  bench.arrives(10, Protocol::text, "text");
  bench.arrives(10, Protocol::binary, "binary");
  bench.arrives(10, Protocol::text_empty, "\0");
  bench.arrives(10, Protocol::binary_empty, "\0");
  EXPECT_EQ(bench.events(), Names{"readable 1"});
  for (const std::string_view expected : {"text", "binary", "", ""}) {
    const auto message = bench.core.receive(bench.now, channel);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->text(), expected);
  }
  EXPECT_EQ(bench.receive(channel), "(nothing)");
  EXPECT_FALSE(bench.core.receive(bench.now, ChannelId{9}));
  const auto stats = bench.core.info(channel)->stats;
  EXPECT_EQ(stats.messages_received, 4U);
  EXPECT_EQ(stats.bytes_received, 10U);
  EXPECT_EQ(bench.core.held_bytes(), 0U);
}

TEST_F(CoreReceive, SaysReadableOnceUntilItIsHeard) {
  const ChannelId channel = negotiated();
  bench.arrives(10, Protocol::text, "a");
  EXPECT_EQ(bench.receive(channel), "a");
  bench.arrives(10, Protocol::text, "b");
  EXPECT_EQ(bench.events(), Names{"readable 1"});
  bench.arrives(10, Protocol::text, "c");
  EXPECT_EQ(bench.events(), Names{});  // It had something.
  EXPECT_EQ(bench.receive(channel), "b");
  EXPECT_EQ(bench.receive(channel), "c");
  bench.arrives(10, Protocol::text, "d");
  EXPECT_EQ(bench.events(), Names{"readable 1"});
}

TEST_F(CoreReceive, PutsPiecesTogetherByStreamAndOrder) {
  const ChannelId first = negotiated(10);
  const ChannelId second = negotiated(12);
  bench.arrives(10, Protocol::text, "or", false);
  bench.arrives(12, Protocol::text, "sec", false);
  bench.arrives(10, Protocol::text, "un", false, true);
  EXPECT_EQ(bench.core.held_bytes(), 7U);
  bench.arrives(10, Protocol::text, "dered");
  bench.arrives(10, Protocol::text, "ordered", true, true);
  bench.arrives(12, Protocol::text, "ond");
  EXPECT_EQ(bench.receive(first), "ordered");
  EXPECT_EQ(bench.receive(first), "unordered");
  EXPECT_EQ(bench.receive(second), "second");
}

TEST_F(CoreReceive, ForgetsWhatThePeerGivesUp) {
  const ChannelId channel = negotiated();
  bench.arrives(10, Protocol::text, "lost", false);
  bench.link->incoming.push_back({.stream = 10, .abandoned = true});
  bench.link->incoming.push_back({.stream = 11, .abandoned = true});
  bench.arrives(10, Protocol::text, "found");
  EXPECT_EQ(bench.receive(channel), "found");
  EXPECT_EQ(bench.core.held_bytes(), 0U);
}

TEST_F(CoreReceive, LeavesInSctpWhatHasNoRoom) {
  const ChannelId channel = negotiated();
  for (int i = 0; i < 5; ++i) bench.arrives(10, Protocol::binary, std::string(900, 'x'));
  EXPECT_EQ(bench.link->incoming.size(), 3U);  // 2 * (900 + 128) > 2000
  EXPECT_TRUE(bench.core.receive(bench.now, channel));
  EXPECT_EQ(bench.link->incoming.size(), 2U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(bench.core.receive(bench.now, channel)) << i;
  EXPECT_FALSE(bench.core.receive(bench.now, channel));
}

TEST_F(CoreReceive, LeavesEmptyMessagesInSctpAsWell) {
  negotiated();
  for (int i = 0; i < 100; ++i) bench.arrives(10, Protocol::binary_empty, "x");
  EXPECT_EQ(bench.link->incoming.size(), 84U);  // 16 * 128 > 2000
}

TEST_F(CoreReceive, ClosesAChannelWhoseMessageIsLongerThanWeSaid) {
  const ChannelId channel = negotiated();
  bench.arrives(10, Protocol::binary, std::string(1000, 'x'));
  EXPECT_TRUE(bench.core.receive(bench.now, channel));
  bench.events();
  bench.arrives(10, Protocol::binary, std::string(600, 'x'), false);
  bench.arrives(10, Protocol::binary, std::string(401, 'x'), false);
  EXPECT_EQ(bench.events(), Names{"closing 1"});
  EXPECT_EQ(bench.core.stats().messages_over_limit, 1U);
  EXPECT_EQ(resets(), Streams{10});
  EXPECT_EQ(bench.core.held_bytes(), 0U);
  bench.arrives(10, Protocol::binary, "the rest of it");
  EXPECT_EQ(bench.core.stats().messages_after_close, 0U);
  bench.peer_answers_reset(10);
  bench.peer_resets(10);
  EXPECT_EQ(bench.events(), Names{"closed 1: the peer sent a message longer than it was told to"});
}

TEST_F(CoreReceive, HoldsSoManyUnfinishedMessages) {
  for (const std::uint16_t id : Streams{10, 12, 14, 16}) negotiated(id);
  for (const std::uint16_t id : Streams{10, 12, 14}) {
    bench.arrives(id, Protocol::binary, std::string(900, 'x'), false);
  }
  EXPECT_EQ(bench.core.held_bytes(), 2700U);
  EXPECT_EQ(bench.events(), Names{});
  bench.arrives(16, Protocol::binary, std::string(301, 'x'), false);
  EXPECT_EQ(bench.core.held_bytes(), 2700U);
  EXPECT_EQ(bench.events(), Names{"closing 4"});
  bench.peer_answers_reset(16);
  bench.peer_resets(16);
  EXPECT_EQ(bench.events(), Names{"closed 4: the peer began more messages than are held, and finished none"});
}

TEST_F(CoreReceive, DropsAndCountsWhatHasNoChannel) {
  bench.arrives(6, Protocol::text, "lost");
  bench.arrives(6, Protocol::text, "lo", false);
  bench.arrives(6, Protocol::text, "o", false);
  bench.peer_acknowledges(8);
  EXPECT_EQ(bench.core.stats().messages_without_channel, 3U);
  // The rest of a message is not the beginning of one.
  const ChannelId channel = negotiated(6);
  bench.arrives(6, Protocol::text, "st");
  bench.arrives(6, Protocol::text, "found");
  EXPECT_EQ(bench.receive(channel), "found");
  EXPECT_EQ(bench.link->resets, no_resets);
}

TEST_F(CoreReceive, DropsAndCountsUnknownProtocols) {
  const ChannelId channel = negotiated();
  bench.arrives(10, static_cast<Protocol>(55), "a", false);
  bench.arrives(10, static_cast<Protocol>(55), "b");
  bench.arrives(10, static_cast<Protocol>(0), "c");
  bench.arrives(10, Protocol::text, "found");
  EXPECT_EQ(bench.core.stats().unknown_messages, 2U);
  EXPECT_EQ(bench.receive(channel), "found");
}

TEST_F(CoreReceive, CountsDcepThatHasNoPlace) {
  const ChannelId channel = negotiated();
  bench.peer_acknowledges(10);
  bench.arrives(10, Protocol::dcep, "nonsense");
  EXPECT_EQ(bench.core.stats().unknown_messages, 2U);
  EXPECT_EQ(bench.core.info(channel)->state, State::open);
}

TEST_F(CoreReceive, ClosesAStreamThatIsOpenedTwice) {
  bench.peer_opens(2);
  bench.peer_opens(2);
  EXPECT_EQ(bench.events(), (Names{"announced 1", "opened 1", "closing 1"}));
  EXPECT_EQ(bench.core.stats().opens_on_used_stream, 1U);
  EXPECT_EQ(resets(), Streams{2});
  bench.peer_resets(2);
  bench.peer_answers_reset(2);
  EXPECT_EQ(bench.events(), Names{"closed 1: the peer opened a channel on a stream that was in use"});
}

TEST_F(CoreReceive, RefusesOpensThatAreMalformedOrOursToMake) {
  bench.arrives(2, Protocol::dcep, "nonsense");
  EXPECT_EQ(bench.core.stats().opens_malformed, 1U);
  bench.peer_opens(5);  // We are the DTLS server: odd streams are ours.
  EXPECT_EQ(bench.core.stats().opens_of_wrong_parity, 1U);
  EXPECT_EQ(resets(), (Streams{2, 5}));
  EXPECT_EQ(bench.sent().size(), 0U);
  EXPECT_EQ(bench.events(), Names{});
  // Until the peer has answered, the stream is not ours to use either.
  EXPECT_EQ(bench.stream_of(bench.create()), 1);
  EXPECT_EQ(bench.stream_of(bench.create()), 3);
  bench.peer_answers_reset(5);
  EXPECT_EQ(bench.stream_of(bench.create()), 5);
}

TEST_F(CoreReceive, RefusesMoreChannelsThanAllowed) {
  for (const std::uint16_t stream : Streams{0, 2, 4, 6, 8, 10}) bench.peer_opens(stream);
  EXPECT_EQ(bench.core.channels().size(), 4U);
  EXPECT_EQ(bench.core.stats().opens_refused, 2U);
  EXPECT_EQ(resets(), (Streams{8, 10}));
}

TEST_F(CoreReceive, RefusesNamesWithoutEnd) {
  CoreBench wide({.max_channels = 100});
  wide.connect();
  const std::string name(65535, 'x');
  for (std::uint16_t stream = 0; stream < 40; stream += 2) {
    wide.peer_opens(stream, {.label = name, .protocol = name});
  }
  EXPECT_EQ(wide.core.channels().size(), 8U);
  EXPECT_EQ(wide.core.stats().opens_refused, 12U);
}

TEST_F(CoreReceive, OwesSoManyRefusals) {
  for (std::uint32_t stream = 0; stream < 65534; stream += 2) {
    bench.peer_opens(static_cast<std::uint16_t>(stream));
  }
  EXPECT_EQ(resets().size(), 4 + Core::max_refusals);
}

TEST_F(CoreReceive, TakesAnOpenInPieces) {
  const auto open = write_open({.label = "long", .protocol = "name"}).value();
  for (std::size_t i = 0; i < open.size(); ++i) {
    bench.arrives(2, Protocol::dcep, Bytes(open).subspan(i, 1), i + 1 == open.size());
  }
  EXPECT_EQ(bench.events(), (Names{"announced 1", "opened 1"}));
  EXPECT_EQ(bench.core.held_bytes(), 0U);
}

TEST_F(CoreReceive, HoldsFewUnfinishedOpens) {
  for (const std::uint16_t stream : Streams{0, 2, 4, 6, 8}) bench.arrives(stream, Protocol::dcep, "\x03", false);
  EXPECT_EQ(bench.core.held_bytes(), 4U);
  EXPECT_EQ(bench.core.stats().opens_refused, 1U);
  EXPECT_EQ(resets(), Streams{8});
  bench.arrives(0, Protocol::dcep, std::string(3000, 'x'), false);
  EXPECT_EQ(bench.core.held_bytes(), 3U);
  EXPECT_EQ(bench.core.stats().opens_malformed, 1U);
  EXPECT_EQ(resets(), Streams{0});
  bench.peer_resets(2);
  bench.link->incoming.push_back({.stream = 4, .abandoned = true});
  bench.core.handle_packet(bench.now, {});
  EXPECT_EQ(bench.core.held_bytes(), 1U);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
