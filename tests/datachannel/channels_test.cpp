#include "petrel/datachannel/channels.hpp"

#include <gtest/gtest.h>

#include "datachannel/pair.hpp"
#include "petrel/sctp/errc.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

TEST(Channels, OpenInBandAndCarryMessagesBothWays) {
  Pair pair(1);
  const ChannelId ours = pair.create(pair.left, "chat", {.protocol = "v1", .priority = Priority::high});
  ASSERT_TRUE(pair.connects());
  EXPECT_EQ(pair.left.count<Opened>(ours), 1U);
  EXPECT_TRUE(pair.send(pair.left, ours, "before the ACK").value());
  pair.run_for(100ms);

  ASSERT_EQ(pair.right.announced.size(), 1U);
  const ChannelId theirs = pair.right.announced[0];
  EXPECT_EQ(pair.right.count<Opened>(theirs), 1U);
  const auto info = pair.right.channels.info(theirs);
  EXPECT_EQ(info->label, "chat");
  EXPECT_EQ(info->init.protocol, "v1");
  EXPECT_EQ(info->init.priority, Priority::high);
  EXPECT_EQ(info->init.id, 0);
  EXPECT_EQ(pair.right.text(theirs, 0), "before the ACK");

  EXPECT_TRUE(pair.send(pair.right, theirs, "and back").value());
  EXPECT_TRUE(pair.right.channels.try_send(pair.now, theirs, {}, false).value());
  pair.run_for(100ms);
  EXPECT_EQ(pair.left.text(ours, 0), "and back");
  ASSERT_EQ(pair.left.messages[ours].size(), 2U);
  EXPECT_FALSE(pair.left.messages[ours][1].is_text);
  EXPECT_TRUE(pair.left.messages[ours][1].data.empty());
}

TEST(Channels, NeedNoOpenWhereBothSidesCreateThem) {
  Pair pair(1);
  const ChannelInit init{.ordered = false, .max_retransmits = 2, .negotiated = true, .id = 7};
  const ChannelId left = pair.create(pair.left, "", init);
  const ChannelId right = pair.create(pair.right, "", init);
  ASSERT_TRUE(pair.connects());
  EXPECT_TRUE(pair.send(pair.left, left, "hello").value());
  EXPECT_TRUE(pair.send(pair.right, right, "hello too").value());
  pair.run_for(100ms);
  EXPECT_EQ(pair.right.text(right, 0), "hello");
  EXPECT_EQ(pair.left.text(left, 0), "hello too");
  EXPECT_EQ(pair.left.count<Announced>() + pair.right.count<Announced>(), 0U);
}

// SNAP: the DATA_CHANNEL_OPEN is the first packet on the line.
TEST(Channels, OpenWithoutAHandshakeWhereBothSidesHaveAnnouncedTheirs) {
  Pair pair(1);
  const ChannelId ours = pair.create(pair.left);
  const auto left = pair.left.channels.announce();
  const auto right = pair.right.channels.announce();
  EXPECT_EQ(pair.left.channels.announce(), left);

  pair.left.channels.start(pair.now, {.dtls_client = true, .mtu_bytes = 900, .remote_init = right});
  pair.right.channels.start(pair.now, {.dtls_client = false, .mtu_bytes = 900, .remote_init = left});
  pair.settle();
  EXPECT_EQ(pair.left.count<Opened>(ours), 1U);
  EXPECT_EQ(pair.left.channels.announce(), left) << "later offers repeat it";

  EXPECT_TRUE(pair.send(pair.left, ours, "at once").value());
  pair.run_for(10ms);
  EXPECT_EQ(pair.right.text(pair.right.announced.at(0), 0), "at once");
}

TEST(Channels, FallBackToAHandshakeWhereAnAnnouncementIsOfNoUse) {
  for (const auto& theirs : {std::vector<std::byte>(), std::vector<std::byte>(30)}) {
    Pair pair(1);
    const ChannelId ours = pair.create(pair.left);
    ASSERT_FALSE(pair.left.channels.announce().empty());
    pair.left.channels.start(pair.now, {.dtls_client = true, .remote_init = theirs});
    pair.right.channels.start(pair.now, {.dtls_client = false});
    pair.run_for(100ms);
    EXPECT_EQ(pair.left.count<Opened>(ours), 1U);
    EXPECT_TRUE(pair.right.channels.announce().empty()) << "it is too late";
  }
}

TEST(Channels, FallBackWhereAPeerSendsBackWhatWeSaid) {
  Pair pair(1);
  const ChannelId ours = pair.create(pair.left);
  const auto echoed = pair.left.channels.announce();
  pair.left.channels.start(pair.now, {.dtls_client = true, .remote_init = echoed});
  pair.right.channels.start(pair.now, {.dtls_client = false});
  pair.run_for(100ms);
  EXPECT_EQ(pair.left.count<Opened>(ours), 1U);
}

TEST(Channels, CloseFromEitherSide) {
  for (const bool opener_closes : {true, false}) {
    Pair pair(1);
    const ChannelId left = pair.create(pair.left);
    ASSERT_TRUE(pair.connects());
    pair.run_for(100ms);
    const ChannelId right = pair.right.announced.at(0);
    End& closing = opener_closes ? pair.left : pair.right;
    End& other = opener_closes ? pair.right : pair.left;
    const ChannelId closes = opener_closes ? left : right;
    const ChannelId closed = opener_closes ? right : left;
    EXPECT_TRUE(pair.send(closing, closes, "last words").value());
    closing.channels.close(pair.now, closes);
    pair.run_for(1s);
    EXPECT_EQ(other.text(closed, 0), "last words");
    EXPECT_EQ(other.count<Closing>(closed), 1U);
    EXPECT_EQ(closing.count<Closing>(closes), 0U);
    EXPECT_EQ(other.count<Closed>(closed), 1U);
    EXPECT_EQ(closing.count<Closed>(closes), 1U);
    EXPECT_FALSE(closing.end_of(closes));
    EXPECT_FALSE(other.end_of(closed));
    EXPECT_TRUE(closing.channels.channels().empty());
    EXPECT_TRUE(other.channels.channels().empty());
  }
}

TEST(Channels, CloseFromBothSidesAtOnceAndOpenAgain) {
  Pair pair(1);
  ASSERT_TRUE(pair.connects());
  for (int round = 0; round < 3; ++round) {
    const ChannelId left = pair.create(pair.left);
    EXPECT_EQ(pair.left.channels.info(left)->init.id, 0);
    pair.run_for(100ms);
    const ChannelId right = pair.right.announced.back();
    EXPECT_TRUE(pair.send(pair.left, left, std::to_string(round)).value());
    pair.run_for(100ms);
    EXPECT_EQ(pair.right.text(right, 0), std::to_string(round));
    pair.left.channels.close(pair.now, left);
    pair.right.channels.close(pair.now, right);
    pair.run_for(1s);
    EXPECT_EQ(pair.left.count<Closed>(left), 1U);
    EXPECT_EQ(pair.right.count<Closed>(right), 1U);
    EXPECT_EQ(pair.left.count<Closing>() + pair.right.count<Closing>(), 0U);
  }
}

TEST(Channels, HaveStreamsBeyondThoseOfTheStart) {
  Pair pair(1);
  const ChannelInit far{.negotiated = true, .id = 900};
  ASSERT_TRUE(pair.connects());
  const ChannelId left = pair.create(pair.left, "", far);
  const ChannelId right = pair.create(pair.right, "", far);
  EXPECT_TRUE(pair.send(pair.left, left, "far").value());
  pair.run_for(1s);
  EXPECT_EQ(pair.right.text(right, 0), "far");
  // The right one has never sent on it, and has to get its stream in order to reset it.
  pair.left.channels.close(pair.now, left);
  pair.run_for(5s);
  EXPECT_EQ(pair.left.count<Closed>(left), 1U);
  EXPECT_EQ(pair.right.count<Closed>(right), 1U);
  EXPECT_FALSE(pair.left.end_of(left));
}

// How many outgoing streams the INIT asks for, RFC 9260 3.3.2.
std::size_t streams_at_first(std::span<const ChannelInit> channels) {
  testing::SeededRandom random(1);
  Channels end({}, {}, random);
  for (const ChannelInit& init : channels) EXPECT_TRUE(end.create({}, "", init));
  end.start({}, {.dtls_client = true});
  const auto packet = end.poll_packet({});
  constexpr std::size_t common_header = 12;
  constexpr std::size_t at = common_header + 12;
  if (!packet || packet->size() < at + 2 || packet->bytes()[common_header] != std::byte{1}) return 0;
  return (std::to_integer<std::size_t>(packet->bytes()[at]) << 8) |
         std::to_integer<std::size_t>(packet->bytes()[at + 1]);
}

// There are peers that grant none later.
TEST(Channels, BeginWithTheStreamsOfThoseThatThereAre) {
  EXPECT_EQ(streams_at_first({}), 300U);
  EXPECT_EQ(streams_at_first(std::vector<ChannelInit>(150)), 300U);
  EXPECT_EQ(streams_at_first(std::vector<ChannelInit>(200)), 400U);
  EXPECT_EQ(streams_at_first(std::vector<ChannelInit>(1000)), 1024U);
  EXPECT_EQ(streams_at_first(std::vector<ChannelInit>{{.negotiated = true, .id = 5}}), 300U);
  EXPECT_EQ(streams_at_first(std::vector<ChannelInit>{{.negotiated = true, .id = 500}}), 501U);
}

TEST(Channels, OpenManyFromBothSides) {
  Pair pair(1);
  ASSERT_TRUE(pair.connects());
  for (int i = 0; i < 250; ++i) {
    pair.create(pair.left);
    pair.create(pair.right);
  }
  pair.run_for(2s);
  EXPECT_EQ(pair.left.channels.channels().size(), 500U);
  EXPECT_EQ(pair.right.channels.channels().size(), 500U);
  for (End* end : {&pair.left, &pair.right}) {
    for (const ChannelId channel : end->channels.channels()) {
      EXPECT_TRUE(pair.send(*end, channel, "hello").value());
    }
  }
  pair.run_for(2s);
  for (const End* end : {&pair.left, &pair.right}) EXPECT_EQ(end->messages.size(), 500U);
  for (const ChannelId channel : pair.left.channels.channels()) {
    pair.left.channels.close(pair.now, channel);
  }
  pair.run_for(10s);
  EXPECT_TRUE(pair.left.channels.channels().empty());
  EXPECT_TRUE(pair.right.channels.channels().empty());
}

TEST(Channels, CarryMessagesLargerThanEveryBuffer) {
  const ChannelsConfig config{.max_message_size = 8 << 20};
  Pair pair(1, {.latency = 1ms}, config, config);
  const ChannelInit init{.negotiated = true, .id = 0};
  const ChannelId left = pair.create(pair.left, "", init);
  const ChannelId right = pair.create(pair.right, "", init);
  pair.start(8 << 20, 8 << 20);
  ASSERT_TRUE(pair.run_until([&] { return pair.left.count<Opened>() == 1; }, 10s));
  std::string message(5 << 20, 'x');
  message.back() = 'y';
  EXPECT_TRUE(pair.send(pair.left, left, message).value());
  EXPECT_GT(pair.left.channels.info(left)->buffered_amount, 3U << 20);
  ASSERT_TRUE(pair.run_until([&] { return pair.right.count<Readable>(right) == 1; }, 60s));
  EXPECT_EQ(pair.right.text(right, 0), message);
}

// What is on its way within one round trip is bounded by the lesser of the two buffers.
TEST(Channels, FillALongLineWithLargerBuffers) {
  const auto sent_in_five_seconds = [](std::size_t send_buffer, std::size_t receive_buffer) {
    Pair pair(1, {.latency = 200ms}, {.send_buffer_bytes = send_buffer},
              {.receive_buffer_bytes = receive_buffer});
    EXPECT_TRUE(pair.connects());
    const ChannelId channel = pair.create(pair.left);
    EXPECT_TRUE(pair.run_until([&] { return !pair.right.announced.empty(); }, 5s));
    const std::string message(100'000, 'x');
    std::size_t arrived = 0;
    for (int i = 0; i < 500; ++i) {
      while (pair.send(pair.left, channel, message).value()) {
      }
      pair.run_for(10ms);
      for (auto& [id, messages] : pair.right.messages) {
        for (const Message& each : std::exchange(messages, {})) arrived += each.data.size();
      }
    }
    return arrived;
  };
  const std::size_t usual = sent_in_five_seconds(1 << 20, 1 << 20);
  EXPECT_GT(sent_in_five_seconds(8 << 20, 8 << 20), 2 * usual);
  EXPECT_LT(sent_in_five_seconds(8 << 20, 1 << 20), 2 * usual) << "the peer's window closes";
}

TEST(Channels, WaitForAnOwnerWhoDoesNotRead) {
  const ChannelsConfig config{.max_buffered = 100'000, .max_unread = 100'000};
  Pair pair(1, {}, config, config);
  const ChannelId left = pair.create(pair.left);
  ASSERT_TRUE(pair.connects());
  pair.right.reads = false;
  const std::string message(10'000, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    while (pair.send(pair.left, left, message).value()) ++sent;
    pair.run_for(100ms);
  }
  // Buffered here, on the way, in the peer's window, and not received.
  EXPECT_LT(sent * message.size(), 3'000'000U);
  EXPECT_GT(sent * message.size(), 1'000'000U);
  EXPECT_EQ(pair.left.count<TransportClosed>(), 0U);
  pair.right.reads = true;
  const auto all = [&] {
    return !pair.right.announced.empty() && pair.right.messages[pair.right.announced[0]].size() == sent;
  };
  EXPECT_TRUE(pair.run_until(all, 60s));
  EXPECT_GE(pair.left.count<Writable>(left), 1U);
}

TEST(Channels, EndInOrder) {
  Pair pair(1);
  const ChannelId left = pair.create(pair.left);
  ASSERT_TRUE(pair.connects());
  const std::string message(200'000, 'x');
  EXPECT_TRUE(pair.send(pair.left, left, message).value());
  pair.left.channels.close(pair.now);
  pair.run_for(10s);
  const ChannelId right = pair.right.announced.at(0);
  EXPECT_EQ(pair.right.text(right, 0), message);
  EXPECT_EQ(pair.left.count<TransportClosed>(), 1U);
  EXPECT_EQ(pair.right.count<TransportClosed>(), 1U);
  EXPECT_FALSE(pair.left.end_of(left));
  EXPECT_EQ(pair.right.end_of(right), Errc::transport_closed);
}

TEST(Channels, EndAtOnce) {
  Pair pair(1);
  const ChannelId left = pair.create(pair.left);
  ASSERT_TRUE(pair.connects());
  pair.run_for(100ms);
  pair.left.channels.abort(pair.now);
  pair.run_for(1s);
  EXPECT_EQ(pair.left.count<TransportClosed>(), 1U);
  EXPECT_FALSE(pair.left.end_of(left));
  EXPECT_EQ(pair.right.end_of(pair.right.announced.at(0)), sctp::Errc::aborted);
}

TEST(Channels, EndWhenTheLineDoes) {
  Pair pair(1);
  const ChannelId left = pair.create(pair.left);
  ASSERT_TRUE(pair.connects());
  pair.cut = true;
  EXPECT_TRUE(pair.send(pair.left, left, "lost").value());
  pair.run_for(120s);
  EXPECT_EQ(pair.left.end_of(left), sctp::Errc::stalled);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
