#include <gtest/gtest.h>

#include <numeric>

#include "sctp/pipe.hpp"
#include "support/seeded_usrsctp.hpp"

// What arrives of what was sent: over lines that lose, repeat and reorder, of messages of every size, and
// of those that need not arrive.

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

/// Sends one message in as many pieces as the association wants.
class Sender {
 public:
  Sender(Pipe& pipe, End& end, Outgoing outgoing, std::vector<std::byte> payload)
      : pipe_(pipe), end_(end), outgoing_(outgoing), payload_(std::move(payload)) {}

  /// Whether all is taken.
  bool go_on() {
    while (sent_ < payload_.size()) {
      outgoing_.payload = Bytes(payload_).subspan(sent_);
      const auto taken = end_.association.send(pipe_.now, outgoing_);
      if (!taken || *taken == 0) return false;
      sent_ += *taken;
    }
    return true;
  }
  std::size_t sent() const { return sent_; }
  const std::vector<std::byte>& payload() const { return payload_; }

 private:
  Pipe& pipe_;
  End& end_;
  Outgoing outgoing_;
  std::vector<std::byte> payload_;
  std::size_t sent_ = 0;
};

/// Messages of some sizes on some streams, from both sides at once, and what arrived of them.
void expect_all_in_order(Pipe& pipe, std::size_t count, std::size_t most_bytes) {
  std::vector<Sender> senders;
  for (std::uint32_t i = 0; i < count; ++i) {
    End& from = i % 2 == 0 ? pipe.left : pipe.right;
    senders.emplace_back(pipe, from, Outgoing{.stream = static_cast<std::uint16_t>(i % 6 / 2), .protocol = i},
                         filled(1 + (i * 7919u) % most_bytes, i));
  }
  std::size_t next = 0;
  const bool arrived = pipe.run_until(
      [&] {
        while (next < senders.size() && senders[next].go_on()) ++next;
        pipe.settle();
        return pipe.left.messages.size() + pipe.right.messages.size() >= count;
      },
      10min);
  ASSERT_TRUE(arrived) << pipe.left.messages.size() << " + " << pipe.right.messages.size() << " of " << count
                       << ' ' << pipe.left.failure().message() << pipe.right.failure().message();
  for (const End* to : {&pipe.left, &pipe.right}) {
    std::map<std::uint16_t, std::uint32_t> last;
    for (const Message& message : to->messages) {
      ASSERT_LT(message.protocol, count);
      EXPECT_EQ(message.payload, senders[message.protocol].payload()) << message.protocol;
      const auto before = last.find(message.stream);
      EXPECT_TRUE(before == last.end() || message.protocol > before->second) << message.protocol;
      last[message.stream] = message.protocol;
    }
  }
  EXPECT_TRUE(pipe.run_until(
      [&] {
        return pipe.left.association.unacknowledged() == 0 && pipe.right.association.unacknowledged() == 0;
      },
      10min));
  pipe.run_for(1s);
  EXPECT_EQ(pipe.left.messages.size() + pipe.right.messages.size(), count);
}

TEST(Delivery, IsOnceAndInOrderOnAGoodLine) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  expect_all_in_order(pipe, 100, 40'000);
}

TEST(Delivery, IsOnceAndInOrderOnBadLines) {
  for (const double loss : {0.01, 0.05, 0.2}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(::testing::Message() << "loss " << loss << " seed " << seed);
      Pipe pipe(seed, {.jitter = 20ms, .loss = loss, .duplication = 0.05});
      ASSERT_TRUE(pipe.connects());
      expect_all_in_order(pipe, 40, 10'000);
    }
  }
}

TEST(Delivery, IsTheSameWithoutInterleaving) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    Pipe pipe(seed, {.jitter = 20ms, .loss = 0.05, .duplication = 0.05}, {.interleaving = false});
    ASSERT_TRUE(pipe.connects());
    EXPECT_FALSE(pipe.left.all<Connected>().front().interleaving);
    EXPECT_FALSE(pipe.right.all<Connected>().front().interleaving);
    expect_all_in_order(pipe, 40, 100'000);
  }
}

TEST(Delivery, IsTheSameToTheByteForTheSameSeed) {
  const auto trace = [](std::uint64_t seed) {
    const testing::SeededUsrsctp usrsctp(seed);
    Pipe pipe(seed, {.jitter = 20ms, .loss = 0.05, .duplication = 0.05});
    EXPECT_TRUE(pipe.connects());
    expect_all_in_order(pipe, 20, 10'000);
    return pipe.trace;
  };
  const std::uint64_t first = trace(1);
  EXPECT_EQ(trace(1), first);
  EXPECT_NE(trace(2), first);
}

TEST(Delivery, KeepsToTheMtu) {
  for (const std::size_t mtu : {524u, 1163u, 1280u, 1500u}) {
    Pipe pipe(1, {}, {.mtu_bytes = mtu}, {.mtu_bytes = mtu});
    ASSERT_TRUE(pipe.connects());
    expect_all_in_order(pipe, 10, 20'000);
    EXPECT_LE(pipe.longest_packet, mtu);
    EXPECT_GT(pipe.longest_packet, mtu - 8);
  }
}

// --- Large messages ---------------------------------------------------------

TEST(Delivery, IsInPiecesForAMessageLongerThanTheBuffers) {
  for (const bool interleaving : {true, false}) {
    Pipe pipe(1, {}, {.interleaving = interleaving});
    ASSERT_TRUE(pipe.connects());
    Sender sender(pipe, pipe.left, {.protocol = 53}, filled(16 << 20, 1));

    EXPECT_FALSE(sender.go_on());
    EXPECT_LE(sender.sent(), 1u << 20);
    ASSERT_TRUE(pipe.run_until(
        [&] {
          sender.go_on();
          EXPECT_LE(pipe.left.association.unacknowledged(), 1u << 20);
          return !pipe.right.messages.empty();
        },
        5min));

    EXPECT_EQ(pipe.right.messages[0].payload, sender.payload());
    EXPECT_LE(pipe.right.longest_piece, 256u << 10);
    EXPECT_GT(pipe.left.count<Writable>(), 1u);
  }
}

TEST(Delivery, InterleavesMessagesOfDifferentStreams) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  Sender large(pipe, pipe.left, {.stream = 1}, filled(4 << 20, 1));
  ASSERT_FALSE(large.go_on());

  Sender small(pipe, pipe.left, {.stream = 2}, filled(100, 2));
  ASSERT_TRUE(pipe.run_until(
      [&] {
        if (small.go_on()) large.go_on();
        return pipe.right.messages.size() == 2;
      },
      1min));

  EXPECT_EQ(pipe.right.messages[0].stream, 2);
  EXPECT_EQ(pipe.right.messages[0].payload, small.payload());
  EXPECT_EQ(pipe.right.messages[1].payload, large.payload());
}

TEST(Delivery, RefusesAnotherStreamWithinAMessageIfThePeerCannotInterleave) {
  Pipe pipe(1, {}, {}, {.interleaving = false});
  ASSERT_TRUE(pipe.connects());
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 1, .last = false, .payload = as_bytes("be")}),
            2u);

  EXPECT_EQ(pipe.left.association.send(pipe.now, {.stream = 2, .payload = as_bytes("x")}).error(),
            petrel::Errc::busy);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("gun")}), 3u);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 2, .payload = as_bytes("x")}), 1u);
  pipe.run_for(1s);

  ASSERT_EQ(pipe.right.messages.size(), 2u);
  EXPECT_EQ(pipe.right.messages[0].text(), "begun");
}

// --- The window -------------------------------------------------------------

TEST(Delivery, WaitsForAReceiverThatDoesNotRead) {
  for (const double loss : {0.0, 0.05}) {
    Pipe pipe(1, {.loss = loss}, {}, {.receive_buffer_bytes = 128 << 10});
    ASSERT_TRUE(pipe.connects());
    pipe.right.reads = false;
    Sender sender(pipe, pipe.left, {}, filled(3 << 20, 1));
    pipe.run_until([&] { return sender.go_on(); }, 10s);

    // What we hold back beside usrsctp's window are two pieces.
    EXPECT_LT(sender.sent(), (1u << 20) + (128u << 10) + (128u << 10) + 4096);
    EXPECT_GT(sender.sent(), 1u << 20);
    // For an hour, which no timeout of ours counts as a stall.
    pipe.run_for(1h);
    EXPECT_TRUE(pipe.left.association.connected());

    pipe.right.reads = true;
    ASSERT_TRUE(pipe.run_until(
        [&] {
          sender.go_on();
          return !pipe.right.messages.empty();
        },
        5min));
    EXPECT_EQ(pipe.right.messages[0].payload, sender.payload());
  }
}

TEST(Delivery, BoundsWhatManyShortMessagesTake) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  std::size_t taken = 0;
  while (*pipe.left.association.send(pipe.now, {.payload = as_bytes("x")}) == 1) ++taken;

  EXPECT_LT(taken, (1u << 20) / 250);
  EXPECT_GT(taken, 1000u);
  pipe.settle();
  pipe.run_for(10s);
  EXPECT_EQ(pipe.right.messages.size(), taken);
  EXPECT_EQ(pipe.left.count<Writable>(), 1u);
}

// --- Unordered and partial --------------------------------------------------

TEST(Delivery, OfUnorderedMessagesDoesNotWaitForLostOnes) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.line.loss = 1;
  static_cast<void>(
      pipe.left.association.send(pipe.now, {.delivery = {.ordered = false}, .payload = as_bytes("first")}));
  pipe.settle();
  pipe.line.loss = 0;
  static_cast<void>(
      pipe.left.association.send(pipe.now, {.delivery = {.ordered = false}, .payload = as_bytes("second")}));
  pipe.run_for(5s);

  ASSERT_EQ(pipe.right.messages.size(), 2u);
  EXPECT_EQ(pipe.right.messages[0].text(), "second");
  EXPECT_TRUE(pipe.right.messages[0].unordered);
  EXPECT_EQ(pipe.right.messages[1].text(), "first");
}

TEST(Delivery, GivesUpAfterSoManyRetransmissions) {
  for (const std::uint16_t retransmits : std::initializer_list<std::uint16_t>{0, 1, 3}) {
    Pipe pipe(1);
    ASSERT_TRUE(pipe.connects());
    pipe.line.loss = 1;
    const std::size_t before = pipe.packets;
    ASSERT_TRUE(pipe.left.association.send(
        pipe.now, {.delivery = {.max_retransmits = retransmits}, .payload = as_bytes("lost")}));
    pipe.settle();
    pipe.run_for(30s);
    EXPECT_GE(pipe.packets - before, retransmits + 1u);
    pipe.line.loss = 0;
    ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("found")}));
    pipe.run_for(60s);

    ASSERT_EQ(pipe.right.messages.size(), 1u) << retransmits;
    EXPECT_EQ(pipe.right.messages[0].text(), "found");
    EXPECT_EQ(pipe.left.association.unacknowledged(), 0u);
  }
}

TEST(Delivery, GivesUpAfterSoLong) {
  for (const Duration lifetime : {Duration(0ms), Duration(100ms), Duration(1s)}) {
    Pipe pipe(1);
    ASSERT_TRUE(pipe.connects());
    pipe.line.loss = 1;
    ASSERT_TRUE(pipe.left.association.send(
        pipe.now, {.delivery = {.max_lifetime = lifetime}, .payload = as_bytes("lost")}));
    pipe.settle();
    pipe.run_for(lifetime + 1ms);
    pipe.line.loss = 0;
    ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("found")}));
    pipe.run_for(30s);

    ASSERT_EQ(pipe.right.messages.size(), 1u) << lifetime.count();
    EXPECT_EQ(pipe.right.messages[0].text(), "found");
  }
}

TEST(Delivery, KeepsWhatLivesLongEnough) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.line.loss = 1;
  ASSERT_TRUE(
      pipe.left.association.send(pipe.now, {.delivery = {.max_lifetime = 5s}, .payload = as_bytes("late")}));
  pipe.settle();
  pipe.run_for(1s);
  pipe.line.loss = 0;
  pipe.run_for(30s);

  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].text(), "late");
}

TEST(Delivery, LosesOfAMixOnlyWhatItMay) {
  constexpr std::uint32_t count = 200;
  std::size_t lost = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const bool interleaving = seed % 2 == 0;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    const testing::SeededUsrsctp usrsctp(seed);
    Pipe pipe(seed, {.jitter = 5ms, .loss = 0.1}, {.interleaving = interleaving});
    ASSERT_TRUE(pipe.connects());
    for (std::uint32_t i = 0; i < count; ++i) {
      Outgoing outgoing{.stream = static_cast<std::uint16_t>(i % 4), .protocol = i};
      outgoing.delivery.ordered = i % 8 < 4;
      if (i % 3 == 0) outgoing.delivery.max_retransmits = 0;
      if (i % 3 == 1) outgoing.delivery.max_lifetime = 50ms;
      const auto payload = filled(100 + i * 20, i);
      outgoing.payload = payload;
      ASSERT_EQ(*pipe.left.association.send(pipe.now, outgoing), payload.size());
      pipe.settle();
      pipe.run_for(5ms);
    }
    EXPECT_TRUE(pipe.run_until(
        [&] { return pipe.left.association.unacknowledged() == 0 || pipe.left.over(); }, 30min));
    pipe.run_for(1s);

    std::vector<int> seen(count);
    for (const Message& message : pipe.right.messages) {
      ASSERT_LT(message.protocol, count);
      EXPECT_EQ(message.payload, filled(100 + message.protocol * 20, message.protocol));
      ++seen[message.protocol];
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      EXPECT_LE(seen[i], 1);
      EXPECT_TRUE(i % 3 != 2 || seen[i] == 1) << i;
    }
    lost += count - pipe.right.messages.size();
    EXPECT_TRUE(pipe.right.association.connected()) << pipe.left.failure().message();
  }
  EXPECT_GT(lost, 12u);
}

TEST(Delivery, TellsThatTheRestOfAMessageWillNotCome) {
  Pipe pipe(1, {}, {.interleaving = false});
  ASSERT_TRUE(pipe.connects());
  // Longer than what is delivered at once, and the end of it is lost.
  Sender sender(pipe, pipe.left, {.stream = 1, .delivery = {.max_retransmits = 0}}, filled(900'000, 1));
  ASSERT_TRUE(sender.go_on());
  ASSERT_TRUE(pipe.run_until([&] { return pipe.right.longest_piece > 0; }, 10s));
  pipe.line.loss = 0.3;
  pipe.run_for(2s);
  pipe.line.loss = 0;
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("after")}));
  pipe.run_for(60s);

  EXPECT_EQ(pipe.right.abandoned, 1u);
  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].text(), "after");
}

TEST(Delivery, OfALongMessageIsCertainWithInterleaving) {
  Pipe pipe(1, {.loss = 0.1});
  ASSERT_TRUE(pipe.connects());
  Sender sender(pipe, pipe.left, {.delivery = {.max_retransmits = 0}}, filled(50'000, 1));
  ASSERT_TRUE(sender.go_on());

  ASSERT_TRUE(pipe.run_until([&] { return !pipe.right.messages.empty(); }, 1min));
  EXPECT_EQ(pipe.right.messages[0].payload, sender.payload());
}

}  // namespace
}  // namespace petrel::inline v0::sctp
