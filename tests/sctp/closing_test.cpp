#include <gtest/gtest.h>

#include <array>
#include <set>

#include "sctp/crc32c.hpp"
#include "sctp/pipe.hpp"
#include "support/bytes_literal.hpp"

// How associations and streams end, and what happens to packets that are none.

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint16_t, 1> first_stream{1};

// --- The association --------------------------------------------------------

TEST(Closing, IsInOrderAfterWhatWasSent) {
  for (const double loss : {0.0, 0.2}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(::testing::Message() << "loss " << loss << " seed " << seed);
      Pipe pipe(seed, {.loss = loss});
      ASSERT_TRUE(pipe.connects());
      const auto payload = filled(50'000, 1);
      ASSERT_EQ(*pipe.left.association.send(pipe.now, {.payload = payload}), payload.size());

      pipe.left.association.shut_down(pipe.now);

      ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 10min));
      EXPECT_EQ(pipe.left.count<PeerClosed>(), 1u);
      EXPECT_EQ(pipe.right.count<PeerClosed>(), 1u);
      ASSERT_EQ(pipe.right.messages.size(), 1u);
      EXPECT_EQ(pipe.right.messages[0].payload, payload);
      pipe.run_for(1min);
      EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
      EXPECT_EQ(pipe.right.association.next_timeout(), std::nullopt);
      EXPECT_FALSE(pipe.left.association.connected());
      EXPECT_EQ(pipe.left.association.send(pipe.now, {.payload = payload}).error(), Errc::not_connected);
    }
  }
}

TEST(Closing, MayBeginOnBothSidesAtOnce) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.left.association.shut_down(pipe.now);
  pipe.right.association.shut_down(pipe.now);

  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 1min));
  EXPECT_EQ(pipe.left.count<PeerClosed>(), 1u);
  EXPECT_EQ(pipe.right.count<PeerClosed>(), 1u);
}

TEST(Closing, GivesWhatHadArrivedAndWasNotTaken) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.right.reads = false;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("message")}));
  }
  pipe.left.association.shut_down(pipe.now);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 1min));

  pipe.right.reads = true;
  pipe.settle();

  EXPECT_EQ(pipe.right.messages.size(), 5u);
  EXPECT_EQ(pipe.right.count<PeerClosed>(), 1u);
  EXPECT_EQ(pipe.right.count<Failed>(), 0u);
}

TEST(Closing, ByAbortTellsThePeerAtOnce) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.left.association.abort(pipe.now);
  pipe.settle();
  pipe.run_for(10ms);

  EXPECT_EQ(pipe.right.failure(), Errc::aborted);
  EXPECT_EQ(pipe.left.count<Failed>() + pipe.left.count<PeerClosed>(), 0u);
  EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
  EXPECT_EQ(pipe.right.association.next_timeout(), std::nullopt);
  pipe.left.association.abort(pipe.now);
  pipe.left.association.shut_down(pipe.now);
  EXPECT_FALSE(pipe.left.association.poll_event());
}

TEST(Closing, WithinAMessageIsAFailure) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.last = false, .payload = as_bytes("begun")}));
  pipe.left.association.shut_down(pipe.now);
  pipe.settle();
  pipe.run_for(1s);

  EXPECT_EQ(pipe.left.failure(), Errc::aborted);
  EXPECT_EQ(pipe.right.failure(), Errc::aborted);
}

TEST(Closing, ComesByItselfWhenNobodyAnswersTheHandshake) {
  Pipe pipe(1, {.loss = 1});
  pipe.connect();

  pipe.run_for(30s - 1ms);
  EXPECT_FALSE(pipe.left.over());
  pipe.run_for(1ms);

  EXPECT_EQ(pipe.left.failure(), Errc::handshake_timeout);
  EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
}

TEST(Closing, ComesByItselfWhenNothingMovesAnyMore) {
  Pipe pipe(1, {}, {.stall_timeout = 20s});
  ASSERT_TRUE(pipe.connects());
  pipe.run_for(1s);
  pipe.line.loss = 1;
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("lost")}));

  pipe.run_for(19s + 990ms);
  EXPECT_FALSE(pipe.left.over());
  pipe.run_for(10ms);

  EXPECT_EQ(pipe.left.failure(), Errc::stalled);
  EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
  EXPECT_FALSE(pipe.right.over());
}

TEST(Closing, ComesByItselfWhenNobodyAnswersTheShutdown) {
  Pipe pipe(1, {}, {.stall_timeout = 20s});
  ASSERT_TRUE(pipe.connects());
  pipe.line.loss = 1;
  pipe.left.association.shut_down(pipe.now);
  pipe.run_for(20s);

  EXPECT_EQ(pipe.left.failure(), Errc::unreachable);
}

TEST(Closing, IsPossibleInEveryState) {
  for (int step = 0; step < 60; ++step) {
    Pipe pipe(1);
    pipe.connect();
    pipe.run_for(step * 1ms);
    static_cast<void>(pipe.left.association.send(pipe.now, {.payload = as_bytes("x")}));
    if (step % 3 == 0) pipe.left.association.shut_down(pipe.now);
    if (step % 3 == 1) pipe.left.association.abort(pipe.now);
    // Or by its end, with whatever is under way.
  }
}

// --- Streams ----------------------------------------------------------------

TEST(Closing, OfAStreamIsToldAfterItsMessagesAndItCanBeUsedAgain) {
  for (const double loss : {0.0, 0.2}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(::testing::Message() << "loss " << loss << " seed " << seed);
      Pipe pipe(seed, {.loss = loss});
      ASSERT_TRUE(pipe.connects());
      ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("before")}));

      ASSERT_TRUE(pipe.left.association.reset(pipe.now, first_stream));
      EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("too early")}), 0u);
      ASSERT_TRUE(pipe.run_until(
          [&] { return pipe.left.count<OutgoingReset>() == 1 && pipe.right.count<IncomingReset>() == 1; },
          5min));

      EXPECT_EQ(pipe.right.messages.size(), 1u);
      EXPECT_EQ(pipe.left.all<OutgoingReset>()[0].streams, std::vector<std::uint16_t>{1});
      EXPECT_FALSE(pipe.left.all<OutgoingReset>()[0].error);
      EXPECT_EQ(pipe.right.all<IncomingReset>()[0].streams, std::vector<std::uint16_t>{1});
      ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("after")}));
      ASSERT_TRUE(pipe.run_until([&] { return pipe.right.messages.size() == 2; }, 5min));
      EXPECT_EQ(pipe.right.messages[1].text(), "after");
    }
  }
}

TEST(Closing, OfAStreamWaitsForItsMessagesToBeTaken) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.right.reads = false;
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("before")}));
  ASSERT_TRUE(pipe.left.association.reset(pipe.now, first_stream));
  pipe.run_for(5s);
  EXPECT_EQ(pipe.left.count<OutgoingReset>(), 1u);
  EXPECT_EQ(pipe.right.count<IncomingReset>(), 0u);

  pipe.right.reads = true;
  pipe.settle();

  EXPECT_EQ(pipe.right.count<IncomingReset>(), 1u);
}

TEST(Closing, OfManyStreamsIsToldForEach) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  std::vector<std::uint16_t> all(300);
  for (std::uint16_t i = 0; i < 300; ++i) all[i] = i;
  ASSERT_TRUE(pipe.left.association.reset(pipe.now, all));
  // Both sides at once, as when a peer connection closes its channels.
  ASSERT_TRUE(pipe.right.association.reset(pipe.now, first_stream));
  pipe.run_for(10s);

  for (const auto& [ours, theirs] : {std::pair(&pipe.left, &pipe.right)}) {
    std::set<std::uint16_t> answered, told;
    for (const auto& reset : ours->all<OutgoingReset>())
      answered.insert(reset.streams.begin(), reset.streams.end());
    for (const auto& reset : theirs->all<IncomingReset>())
      told.insert(reset.streams.begin(), reset.streams.end());
    EXPECT_EQ(answered.size(), 300u);
    EXPECT_EQ(told.size(), 300u);
  }
  EXPECT_EQ(pipe.right.count<OutgoingReset>(), 1u);
  EXPECT_EQ(pipe.left.count<IncomingReset>(), 1u);
}

TEST(Closing, OfAStreamThatIsNotThereIsRefused) {
  Pipe pipe(1);
  EXPECT_EQ(pipe.left.association.reset(pipe.now, first_stream).error(), Errc::not_connected);
  ASSERT_TRUE(pipe.connects());
  constexpr std::array<std::uint16_t, 1> beyond{300};
  EXPECT_EQ(pipe.left.association.reset(pipe.now, beyond).error(), Errc::unknown_stream);
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .last = false, .payload = as_bytes("x")}));
  EXPECT_EQ(pipe.left.association.reset(pipe.now, first_stream).error(), petrel::Errc::busy);
}

TEST(Closing, NeedsMoreStreamsOnlyOnceTheyAreUsed) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 0u);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.count<Writable>() == 1; }, 5s));

  ASSERT_EQ(pipe.left.count<StreamsAdded>(), 1u);
  EXPECT_EQ(pipe.left.all<StreamsAdded>()[0].outgoing_streams, 600);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 1u);
  pipe.run_for(1s);
  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].stream, 300);
  EXPECT_EQ(pipe.right.count<StreamsAdded>(), 0u);
}

TEST(Closing, OfTheListOfStreamsIsWhereThePeerSays) {
  Pipe pipe(1, {}, {}, {.max_streams = 300});
  ASSERT_TRUE(pipe.connects());
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 0u);
  pipe.run_for(5s);

  EXPECT_EQ(pipe.left.count<StreamsAdded>(), 0u);
  EXPECT_EQ(pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}).error(),
            Errc::unknown_stream);
  EXPECT_EQ(pipe.left.association.send(pipe.now, {.stream = 1024, .payload = as_bytes("x")}).error(),
            Errc::unknown_stream);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 299, .payload = as_bytes("x")}), 1u);
}

// --- Packets that are none --------------------------------------------------

// DTLS sees to it otherwise.
constexpr AssociationConfig with_checksums{.zero_checksum = false};

TEST(Closing, DoesNotComeFromGarbage) {
  Pipe pipe(1, {}, with_checksums, with_checksums);
  ASSERT_TRUE(pipe.connects());
  Association& association = pipe.right.association;
  const AssociationStats before = association.stats();

  association.handle_packet(pipe.now, {});
  association.handle_packet(pipe.now, as_bytes("nonsense"));
  association.handle_packet(pipe.now, testing::hex("13881388 00000000 00000000 0b000003"));
  association.handle_packet(pipe.now, testing::hex("13881388 00000000 00000000 0b000004"));

  EXPECT_EQ(association.stats().packets_malformed - before.packets_malformed, 3u);
  EXPECT_EQ(association.stats().packets_bad_checksum - before.packets_bad_checksum, 1u);
  EXPECT_TRUE(association.connected());
}

TEST(Closing, DoesNotComeFromDamagedPackets) {
  Pipe pipe(1, {}, with_checksums, with_checksums);
  ASSERT_TRUE(pipe.connects());
  struct Damage {
    Pipe& pipe;
    std::size_t done = 0;
  } damage{pipe};
  pipe.tap_context = &damage;
  // Every truncation and every damaged byte of each packet arrives before the packet itself.
  pipe.tap = [](void* context, Bytes packet, bool to_right) {
    auto& [line, done] = *static_cast<Damage*>(context);
    Association& to = to_right ? line.right.association : line.left.association;
    for (std::size_t size = 0; size < packet.size(); ++size) to.handle_packet(line.now, packet.first(size));
    for (std::size_t at = 0; at < packet.size(); ++at) {
      auto damaged = testing::to_vector(packet);
      damaged[at] ^= std::byte{0x40};
      to.handle_packet(line.now, damaged);
      ++done;
    }
    return true;
  };
  const auto payload = filled(5000, 1);
  ASSERT_EQ(*pipe.left.association.send(pipe.now, {.payload = payload}), payload.size());
  pipe.settle();
  pipe.run_for(2s);

  EXPECT_GT(damage.done, 5000u);
  const AssociationStats stats = pipe.right.association.stats();
  EXPECT_GT(stats.packets_bad_checksum, 5000u);
  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].payload, payload);
}

TEST(Closing, CountsPacketsThatComeBeforeTheBeginningAndAfterTheEnd) {
  Pipe pipe(1);
  pipe.left.association.connect(pipe.now);
  pipe.run_for(10ms);
  EXPECT_EQ(pipe.right.association.stats().packets_late, 1u);
  // The peer's own retransmission makes up for it.
  pipe.right.association.connect(pipe.now);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.association.connected(); }, 5s));
  pipe.run_for(1s);
  pipe.right.association.abort(pipe.now);
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("x")}));
  pipe.run_for(10ms);
  EXPECT_EQ(pipe.right.association.stats().packets_late, 2u);
}

TEST(Closing, DropsWhatNobodyPolls) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  // A heartbeat is answered at once, whatever waits already.
  auto heartbeat = testing::hex("13881388 00000000 00000000 0400000c 00010008 deadbeef");
  struct Tag {
    std::array<std::byte, 4> bytes;
  } tag{};
  pipe.tap_context = &tag;
  pipe.tap = [](void* context, Bytes packet, bool to_right) {
    if (to_right) std::copy_n(packet.begin() + 4, 4, static_cast<Tag*>(context)->bytes.begin());
    return true;
  };
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("x")}));
  pipe.settle();
  std::copy_n(tag.bytes.begin(), 4, heartbeat.begin() + 4);
  write_checksum(heartbeat);
  for (int i = 0; i < 5000; ++i) pipe.right.association.handle_packet(pipe.now, heartbeat);

  std::size_t polled = 0;
  while (pipe.right.association.poll_packet()) ++polled;
  EXPECT_EQ(polled, 4096u);
  EXPECT_EQ(pipe.right.association.stats().output_dropped, 5000u - 4096u);
}

}  // namespace
}  // namespace petrel::inline v0::sctp
