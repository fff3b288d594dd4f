#include <gtest/gtest.h>

#include "datachannel/core_bench.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;
using Streams = std::vector<std::uint16_t>;

const std::error_code refused = sctp::Errc::reset_refused;

class CoreClose : public ::testing::Test {
 protected:
  CoreClose() {
    bench.connect();
    channel = bench.create();
    bench.peer_acknowledges(1);
    bench.events();
    bench.sent();
  }
  // Streams that SCTP was asked to reset since the last call.
  Streams resets() {
    Streams all;
    for (const auto& streams : std::exchange(bench.link->resets, {})) {
      all.insert(all.end(), streams.begin(), streams.end());
    }
    return all;
  }
  State state() const { return bench.core.info(channel)->state; }

  CoreBench bench{{.max_message_size = 100'000, .max_channels = 4}};
  ChannelId channel{};
};

TEST_F(CoreClose, IsClosedWhenBothDirectionsAreReset) {
  bench.core.close(bench.now, channel);
  EXPECT_EQ(state(), State::closing);
  EXPECT_EQ(resets(), Streams{1});
  bench.peer_answers_reset(1);
  EXPECT_EQ(state(), State::closing);
  EXPECT_EQ(bench.events(), Names{});
  bench.peer_resets(1);
  EXPECT_EQ(bench.events(), Names{"closed 1"});
  EXPECT_EQ(bench.core.next_timeout(), std::nullopt);
}

TEST_F(CoreClose, DoesNotMindInWhichOrder) {
  bench.core.close(bench.now, channel);
  bench.peer_resets(1);
  EXPECT_EQ(bench.events(), Names{});  // Both sides close at once: nobody needs to be told.
  bench.peer_answers_reset(1);
  EXPECT_EQ(bench.events(), Names{"closed 1"});
  EXPECT_EQ(resets(), Streams{1});
}

TEST_F(CoreClose, FollowsThePeer) {
  bench.peer_resets(1);
  EXPECT_EQ(bench.events(), Names{"closing 1"});
  EXPECT_EQ(resets(), Streams{1});
  bench.peer_answers_reset(1);
  EXPECT_EQ(bench.events(), Names{"closed 1"});
}

TEST_F(CoreClose, SendsWhatWaitsFirst) {
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, "last").value());
  EXPECT_TRUE(bench.send(channel, "words").value());
  bench.core.close(bench.now, channel);
  EXPECT_EQ(resets(), Streams{});
  bench.makes_room(5);
  EXPECT_EQ(resets(), Streams{});
  bench.makes_room(100);
  EXPECT_EQ(resets(), Streams{1});
  std::string all;
  for (const auto& piece : bench.sent()) all += piece.text();
  EXPECT_EQ(all, "lastwords");
}

TEST_F(CoreClose, SendsOnlyTheEndOfAMessageToAPeerThatCloses) {
  bench.link->room = 2;
  EXPECT_TRUE(bench.send(channel, "last").value());
  EXPECT_TRUE(bench.send(channel, "words").value());
  bench.peer_resets(1);
  EXPECT_EQ(resets(), Streams{});
  bench.makes_room(100);
  EXPECT_EQ(resets(), Streams{1});
  std::string all;
  for (const auto& piece : bench.sent()) all += piece.text();
  EXPECT_EQ(all, "last");
}

TEST_F(CoreClose, DropsWhatComesAfterwards) {
  bench.arrives(1, Protocol::text, "before");
  bench.core.close(bench.now, channel);
  bench.arrives(1, Protocol::text, "af", false);
  bench.arrives(1, Protocol::text, "ter");
  EXPECT_EQ(bench.core.stats().messages_after_close, 1U);
  EXPECT_EQ(bench.receive(channel), "before");
  EXPECT_EQ(bench.receive(channel), "(nothing)");
}

TEST_F(CoreClose, KeepsWhatWasNotReceived) {
  bench.arrives(1, Protocol::text, "kept");
  bench.peer_resets(1);
  bench.peer_answers_reset(1);
  EXPECT_EQ(bench.events(), (Names{"readable 1", "closing 1", "closed 1"}));
  ASSERT_TRUE(bench.core.info(channel));
  EXPECT_EQ(bench.receive(channel), "kept");
  EXPECT_FALSE(bench.core.info(channel));
}

TEST_F(CoreClose, DropsThatWhenClosedOnceMore) {
  bench.arrives(1, Protocol::text, "dropped");
  bench.peer_resets(1);
  bench.peer_answers_reset(1);
  bench.events();
  EXPECT_GT(bench.core.held_bytes(), 0U);
  bench.core.close(bench.now, channel);
  EXPECT_FALSE(bench.core.info(channel));
  EXPECT_EQ(bench.core.held_bytes(), 0U);
}

TEST_F(CoreClose, ClosesWhatThePeerHasNotHeardOf) {
  CoreBench fresh;
  const ChannelId early = fresh.create();
  fresh.core.close(fresh.now, early);
  EXPECT_EQ(fresh.events(), Names{"closed 1"});
  fresh.connect();
  EXPECT_EQ(fresh.events(), Names{"connected"});
  EXPECT_EQ(fresh.sent().size(), 0U);
}

TEST_F(CoreClose, IgnoresASecondCloseAndUnknownChannels) {
  bench.core.close(bench.now, channel);
  bench.core.close(bench.now, channel);
  bench.core.close(bench.now, ChannelId{9});
  EXPECT_EQ(resets(), Streams{1});
}

TEST_F(CoreClose, UsesTheStreamAgainWhenItIsFree) {
  EXPECT_EQ(bench.stream_of(bench.create()), 3);
  bench.core.close(bench.now, channel);
  EXPECT_EQ(bench.stream_of(bench.create()), 5);
  bench.peer_answers_reset(1);
  bench.peer_resets(1);
  const ChannelId again = bench.create();
  EXPECT_EQ(bench.stream_of(again), 1);
  bench.sent();
  EXPECT_TRUE(bench.send(again, "anew").value());
  EXPECT_EQ(bench.sent().at(0).text(), "anew");
}

TEST_F(CoreClose, AsksAgainWhenTheResetIsRefused) {
  bench.core.close(bench.now, channel);
  Duration wait = 1s;
  for (int i = 1; i < Core::max_reset_attempts; ++i, wait *= 2) {
    EXPECT_EQ(resets(), Streams{1}) << i;
    bench.peer_answers_reset(1, refused);
    EXPECT_EQ(bench.core.next_timeout(), bench.now + wait);
    bench.time_passes(wait - 1ns);
    EXPECT_EQ(resets(), Streams{}) << i;
    bench.time_passes(1ns);
  }
  bench.peer_answers_reset(1, refused);
  EXPECT_EQ(bench.events(), Names{"closed 1: the peer refused to have the channel's stream reset"});
  EXPECT_EQ(bench.core.next_timeout(), std::nullopt);
  EXPECT_EQ(bench.stream_of(bench.create()), 3);  // The first one cannot be used.
}

TEST_F(CoreClose, GetsAStreamThatItNeverUsedInOrderToResetIt) {
  const ChannelId far = bench.create("far", {.negotiated = true, .id = 500});
  bench.events();
  bench.peer_resets(500);
  EXPECT_EQ(resets(), Streams{});
  bench.link->streams = 600;
  bench.happens(sctp::StreamsAdded{600});
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(is_ack(sent[0].payload));
  EXPECT_EQ(resets(), Streams{500});
  bench.peer_answers_reset(500);
  EXPECT_EQ(bench.events(), (Names{"closing 2", "closed 2"}));
  EXPECT_FALSE(bench.core.info(far));
}

TEST_F(CoreClose, TakesAnErrorOfSctpsForARefusal) {
  bench.link->reset_error = sctp::Errc::unknown_stream;
  bench.core.close(bench.now, channel);
  bench.link->reset_error = {};
  EXPECT_EQ(resets(), Streams{});
  bench.time_passes(1s);
  EXPECT_EQ(resets(), Streams{1});
}

TEST_F(CoreClose, AsksForAResetWhenAllIsAcknowledged) {
  const ChannelId other = bench.create();
  bench.sent();
  bench.link->in_flight = 1;
  bench.core.close(bench.now, channel);
  EXPECT_EQ(resets(), Streams{});
  EXPECT_TRUE(bench.send(other, "waits").value());
  EXPECT_EQ(bench.sent().size(), 0U);
  bench.link->in_flight = 0;
  bench.core.handle_packet(bench.now, {});
  EXPECT_EQ(resets(), Streams{1});
  EXPECT_EQ(bench.sent().at(0).text(), "waits");
}

TEST_F(CoreClose, IsPatientWithAPeerThatDoesNotClose) {
  bench.core.close(bench.now, channel);
  bench.peer_answers_reset(1);
  const TimePoint deadline = bench.now + Core::close_patience;
  EXPECT_EQ(bench.core.next_timeout(), deadline);
  bench.time_passes(deadline - bench.now - 1ns);
  EXPECT_EQ(bench.events(), Names{});
  bench.time_passes(1ns);
  EXPECT_EQ(bench.events(), Names{"closed 1: the peer did not close its side of the channel"});
  EXPECT_EQ(bench.stream_of(bench.create()), 3);
  bench.peer_resets(1);  // At last.
  EXPECT_EQ(bench.stream_of(bench.create()), 1);
}

TEST_F(CoreClose, MakesWayForAPeerThatKnowsOfOurReset) {
  bench.peer_opens(2);
  bench.events();
  bench.sent();
  bench.core.close(bench.now, ChannelId{2});
  bench.peer_resets(2);
  // The peer has answered and used the stream again; only its answer is lost.
  bench.peer_opens(2, {.label = "anew"});
  EXPECT_EQ(bench.events(), (Names{"closed 2", "announced 3", "opened 3"}));
  EXPECT_EQ(bench.core.stats().opens_on_used_stream, 0U);
  EXPECT_TRUE(bench.send(ChannelId{3}, "hello").value());
  bench.arrives(2, Protocol::text, "heard at once");
  EXPECT_EQ(bench.receive(ChannelId{3}), "heard at once");
  EXPECT_EQ(bench.sent().size(), 0U);
  bench.peer_answers_reset(2);
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(is_ack(sent[0].payload));
  EXPECT_EQ(sent[1].text(), "hello");
  EXPECT_EQ(resets(), Streams{2});
}

TEST_F(CoreClose, ClosesTheNewChannelAfterTheOldOne) {
  bench.peer_opens(2);
  bench.core.close(bench.now, ChannelId{2});
  bench.peer_resets(2);
  bench.peer_opens(2, {.label = "anew"});
  EXPECT_EQ(resets(), Streams{2});
  bench.peer_resets(2);  // And closes that one, too.
  EXPECT_EQ(resets(), Streams{});
  bench.events();
  bench.peer_answers_reset(2);
  EXPECT_EQ(resets(), Streams{2});
  bench.peer_answers_reset(2);
  EXPECT_EQ(bench.events(), Names{"closed 3"});
}

TEST_F(CoreClose, RefusesAgainWhatIsOpenedAgain) {
  bench.peer_opens(3);  // Ours to open.
  EXPECT_EQ(resets(), Streams{3});
  bench.peer_opens(3);
  EXPECT_EQ(resets(), Streams{});  // It is being reset.
  bench.peer_resets(3);
  bench.peer_opens(3);
  bench.peer_answers_reset(3);
  EXPECT_EQ(resets(), Streams{3});
  bench.peer_answers_reset(3);
  EXPECT_EQ(resets(), Streams{});
}

TEST_F(CoreClose, MakesNoWayBeforeOurResetIsAskedFor) {
  bench.peer_opens(2);
  bench.link->room = 1;
  EXPECT_TRUE(bench.send(ChannelId{2}, "waits").value());
  bench.core.close(bench.now, ChannelId{2});
  bench.peer_resets(2);
  bench.peer_opens(2);  // It cannot know of a reset that nobody has asked for.
  EXPECT_EQ(bench.core.stats().opens_on_used_stream, 1U);
  bench.makes_room(100);
  EXPECT_EQ(bench.sent().back().text(), "aits");
  EXPECT_EQ(resets(), Streams{2});
}

TEST_F(CoreClose, ShutsDownWhenAllIsSent) {
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, "last words").value());
  bench.core.close(bench.now);
  EXPECT_EQ(state(), State::closing);
  EXPECT_EQ(bench.core.create(bench.now, "", {}).error(), petrel::Errc::closed);
  EXPECT_FALSE(bench.link->shut_down_called);
  bench.makes_room(100);
  EXPECT_TRUE(bench.link->shut_down_called);
  EXPECT_EQ(bench.events(), Names{"low 1"});
  bench.happens(sctp::PeerClosed{});
  EXPECT_EQ(bench.events(), (Names{"closed 1", "transport closed"}));
  EXPECT_FALSE(bench.link->aborted);
  EXPECT_EQ(resets(), Streams{});
}

TEST_F(CoreClose, AbortsAfterAWhile) {
  bench.link->room = 0;
  EXPECT_TRUE(bench.send(channel, "last words").value());
  bench.core.close(bench.now);
  EXPECT_EQ(bench.core.next_timeout(), bench.now + Core::drain_patience);
  bench.time_passes(Core::drain_patience - 1ns);
  EXPECT_FALSE(bench.link->aborted);
  bench.time_passes(1ns);
  EXPECT_TRUE(bench.link->aborted);
  EXPECT_EQ(bench.events(), (Names{"closed 1", "transport closed"}));
  EXPECT_EQ(bench.core.next_timeout(), std::nullopt);
}

TEST_F(CoreClose, AbortsAtOnceIfAsked) {
  bench.core.abort(bench.now);
  EXPECT_TRUE(bench.link->aborted);
  EXPECT_EQ(bench.events(), (Names{"closed 1", "transport closed"}));
  bench.core.abort(bench.now);
  bench.core.close(bench.now);
  EXPECT_EQ(bench.events(), Names{});
}

TEST_F(CoreClose, EndsBeforeItBegan) {
  CoreBench fresh;
  fresh.create();
  fresh.core.close(fresh.now);
  EXPECT_EQ(fresh.events(), (Names{"closed 1", "transport closed"}));
}

TEST_F(CoreClose, TellsWhyTheTransportIsGone) {
  bench.arrives(1, Protocol::text, "before the end");
  bench.link->incoming.push_back({.stream = 1, .protocol = 51, .payload = testing::hex("61")});
  bench.happens(sctp::Failed{sctp::Errc::stalled});
  const std::string why = std::error_code(sctp::Errc::stalled).message();
  EXPECT_EQ(bench.events(), (Names{"readable 1", "closed 1: " + why, "transport closed: " + why}));
  EXPECT_EQ(bench.receive(channel), "before the end");
  EXPECT_EQ(bench.receive(channel), "a");
  EXPECT_EQ(bench.send(channel, "x").error(), Errc::unknown_channel);
  EXPECT_EQ(bench.core.create(bench.now, "", {}).error(), petrel::Errc::closed);
}

TEST_F(CoreClose, IsToldWhenThePeerShutsDown) {
  const ChannelId closing = bench.create();
  bench.core.close(bench.now, closing);
  bench.events();
  bench.happens(sctp::PeerClosed{});
  EXPECT_EQ(bench.events(), (Names{"closed 1: the SCTP association ended", "closed 2", "transport closed"}));
}

}  // namespace
}  // namespace petrel::inline v0::datachannel
