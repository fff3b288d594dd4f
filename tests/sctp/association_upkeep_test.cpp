#include <gtest/gtest.h>

#include "sctp/chunks.hpp"
#include "sctp/pipe.hpp"
#include "sctp/send_ledger.hpp"
#include "support/seeded_usrsctp.hpp"

// usrsctp's faults that docs/usrsctp.md names, each brought about on purpose.

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

TEST(AssociationUpkeep, StreamsAreThereAlsoWhereTheirNoticeWaitsBehindAMessage) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.left.reads = false;
  ASSERT_TRUE(pipe.right.association.send(pipe.now, {.payload = as_bytes("not taken yet")}));
  pipe.run_for(100ms);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 0u);
  pipe.run_for(1s);

  pipe.left.reads = true;
  pipe.settle();

  EXPECT_EQ(pipe.left.count<StreamsAdded>(), 1u);
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 1u);
  pipe.run_for(2min);
  EXPECT_TRUE(pipe.left.association.connected()) << pipe.left.failure();
  EXPECT_EQ(pipe.right.messages.size(), 1u);
}

// The buffer is full of one stream's messages when another's has found room for its beginning: it is the
// first in its stream, and usrsctp comes to it soon.
TEST(Faults, AMessageThatIsCutShortByTheBufferDoesNotHoldUpTheOthers) {
  for (const std::size_t size : {1'000u, 20'000u, 150'000u, 900'000u, 3'000'000u}) {
    Pipe pipe(1, {}, {.interleaving = false});
    ASSERT_TRUE(pipe.connects());
    const auto payload = filled(size, 1);
    const std::size_t messages = 6'000'000 / size;
    // As many on one stream as the buffer holds whole, and the next on another.
    const std::size_t burst =
        std::max<std::size_t>(1, AssociationConfig{}.send_buffer_bytes / (size + SendLedger::message_cost));
    std::size_t sent = 0;
    std::size_t taken = 0;
    std::size_t waits_for = 0;  // So many Writable.
    const bool arrived = pipe.run_until(
        [&] {
          while (sent < messages && pipe.left.count<Writable>() == waits_for) {
            const auto stream = static_cast<std::uint16_t>(sent / burst);
            taken += *pipe.left.association.send(
                pipe.now, {.stream = stream, .payload = Bytes(payload).subspan(taken)});
            if (taken < payload.size()) {
              ++waits_for;
            } else {
              ++sent;
              taken = 0;
            }
          }
          pipe.settle();
          return pipe.right.messages.size() == messages;
        },
        5min);
    EXPECT_TRUE(arrived) << messages << " messages of " << size << " bytes, " << sent << " sent";
    EXPECT_TRUE(pipe.left.association.connected()) << pipe.left.failure();
  }
}

// What the buffer holds is what a long line carries in a round trip, so that it has to be filled as it
// empties. Virtual time: the same figure on any machine.
TEST(AssociationUpkeep, OffersRoomBeforeMuchOfTheBufferIsEmpty) {
  for (const bool interleaving : {true, false}) {
    constexpr Duration round_trip = 100ms;
    Pipe pipe(1, {.latency = round_trip / 2}, {.interleaving = interleaving});
    ASSERT_TRUE(pipe.connects());
    const auto message = filled(16'384, 1);
    bool full = false;
    const auto fill = [&] {
      full = full && pipe.left.count<Writable>() == 0;
      pipe.left.events.clear();
      while (!full) {
        full = *pipe.left.association.send(pipe.now, {.payload = message}) < message.size();
      }
    };
    const auto run = [&](Duration time) {
      const TimePoint end = pipe.now + time;
      pipe.run_until(
          [&] {
            fill();
            pipe.settle();
            return pipe.now >= end;
          },
          time);
    };
    run(1500ms);
    const std::uint64_t before = pipe.right.association.stats().bytes_received;
    run(10 * round_trip);
    const std::uint64_t bytes = pipe.right.association.stats().bytes_received - before;
    EXPECT_GT(bytes / 10, AssociationConfig{}.send_buffer_bytes * 7 / 10) << "in a round trip";
  }
}

// Takes requests for streams out of the line, as a peer that passes over them.
bool lose_requests_for_streams(void* context, Bytes packet, bool to_right) {
  if (!to_right) return true;
  bool asks = false;
  for_each_chunk(packet, [&](std::uint8_t type, Bytes chunk) {
    constexpr std::uint16_t add_outgoing = 17;
    asks |=
        type == chunk_type::re_config && ByteReader(chunk.subspan(chunk_header_size)).u16() == add_outgoing;
  });
  *static_cast<int*>(context) += asks;
  return !asks;
}

TEST(Faults, APeerThatDoesNotAnswerAboutStreamsHoldsNothingElseUp) {
  for (const bool interleaving : {true, false}) {
    Pipe pipe(1, {}, {.interleaving = interleaving});
    ASSERT_TRUE(pipe.connects());
    int asked = 0;
    pipe.tap = lose_requests_for_streams;
    pipe.tap_context = &asked;
    EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 0u);

    // Meanwhile the others go on.
    const auto payload = filled(3'000'000, 1);
    std::size_t taken = 0;
    std::size_t waits_for = 0;
    EXPECT_TRUE(pipe.run_until(
        [&] {
          while (taken < payload.size() && pipe.left.count<Writable>() >= waits_for) {
            taken += *pipe.left.association.send(pipe.now, {.payload = Bytes(payload).subspan(taken)});
            if (taken < payload.size()) waits_for = pipe.left.count<Writable>() + 1;
          }
          pipe.settle();
          return pipe.right.messages.size() == 1;
        },
        10s));

    // And in the end it is as if the peer had refused.
    const std::size_t writable = pipe.left.count<Writable>();
    EXPECT_TRUE(pipe.run_until([&] { return pipe.left.count<Writable>() > writable; }, 1min));
    EXPECT_EQ(pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}).error(),
              Errc::unknown_stream);
    EXPECT_GT(asked, 3);
    const int asked_so_far = asked;

    // Streams are reset under the numbers that the peer expects.
    for (std::uint16_t stream = 0; stream < 3; ++stream) {
      ASSERT_TRUE(pipe.left.association.send(pipe.now, {.stream = stream, .payload = as_bytes("x")}));
      ASSERT_TRUE(pipe.left.association.reset(pipe.now, std::array{stream}));
      EXPECT_TRUE(pipe.run_until([&] { return pipe.left.count<OutgoingReset>() == stream + 1u; }, 10s));
      EXPECT_FALSE(pipe.left.all<OutgoingReset>().back().error);
      EXPECT_EQ(pipe.right.count<IncomingReset>(), stream + 1u);
    }
    ASSERT_TRUE(pipe.right.association.send(pipe.now, {.payload = as_bytes("x")}));
    ASSERT_TRUE(pipe.right.association.reset(pipe.now, std::array<std::uint16_t, 1>{0}));
    EXPECT_TRUE(pipe.run_until([&] { return pipe.right.count<OutgoingReset>() == 1; }, 10s));
    pipe.run_for(2min);
    EXPECT_TRUE(pipe.left.association.connected()) << pipe.left.failure();
    EXPECT_EQ(asked, asked_so_far);
  }
}

// Loses data and the first FORWARD-TSNs.
struct Skips {
  std::size_t lost = 0;
  bool loses_data = false;
};
bool lose_skips(void* context, Bytes packet, bool to_right) {
  auto& skips = *static_cast<Skips*>(context);
  constexpr std::uint8_t data = 0;
  if (!to_right) return true;
  if (has_chunk(packet, chunk_type::forward_tsn) && skips.lost < 3) {
    ++skips.lost;
    return false;
  }
  return !(skips.loses_data && has_chunk(packet, data));
}

TEST(AssociationUpkeep, AForwardTsnIsSentUntilItIsAnswered) {
  Pipe pipe(1, {}, {.interleaving = false});
  ASSERT_TRUE(pipe.connects());
  Skips skips;
  pipe.tap = lose_skips;
  pipe.tap_context = &skips;
  skips.loses_data = true;
  // Longer than the first window, so that the last that is skipped was never cut into a chunk.
  const auto payload = filled(50'000, 1);
  ASSERT_EQ(*pipe.left.association.send(pipe.now, {.delivery = {.max_retransmits = 0}, .payload = payload}),
            payload.size());
  ASSERT_TRUE(pipe.run_until([&] { return skips.lost == 3; }, 1min));
  skips.loses_data = false;

  pipe.run_for(10s);

  EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
  pipe.left.association.shut_down(pipe.now);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 1min));
  EXPECT_EQ(pipe.left.count<PeerClosed>(), 1u);
}

TEST(AssociationUpkeep, StreamsAreAskedForBetweenMessages) {
  Pipe pipe(1, {}, {.interleaving = false});
  ASSERT_TRUE(pipe.connects());
  const auto payload = filled(100'000, 1);
  for (std::uint16_t stream = 0; stream < 3; ++stream) {
    ASSERT_EQ(*pipe.left.association.send(pipe.now, {.stream = stream, .payload = payload}), payload.size());
  }
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 0u);
  // None begins meanwhile, or it would never be time.
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 1, .payload = as_bytes("x")}), 0u);

  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.count<StreamsAdded>() == 1; }, 1min));

  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.count<Writable>() >= 1; }, 1min));
  EXPECT_EQ(*pipe.left.association.send(pipe.now, {.stream = 300, .payload = as_bytes("x")}), 1u);
  pipe.run_for(1s);
  ASSERT_EQ(pipe.right.messages.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(pipe.right.messages[i].payload, payload);
}

// Loses for a while what would tell that anything arrived.
bool lose_answers(void* context, Bytes, bool to_right) { return to_right || !*static_cast<bool*>(context); }

TEST(AssociationUpkeep, AnEstimateOfTheRoundTripComesDownAgain) {
  Pipe pipe(1, {.latency = 20ms});
  ASSERT_TRUE(pipe.connects());
  bool deaf = false;
  pipe.tap = lose_answers;
  pipe.tap_context = &deaf;
  // Each of these is acknowledged 20 s late without having been sent twice as far as usrsctp knows.
  for (int i = 0; i < 4; ++i) {
    deaf = true;
    for (int k = 0; k < 4; ++k) {
      ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = filled(1000, 1)}));
    }
    pipe.run_for(20s);
    deaf = false;
    ASSERT_TRUE(pipe.run_until([&] { return pipe.left.association.unacknowledged() == 0; }, 5s)) << i;
  }
  EXPECT_EQ(pipe.right.messages.size(), 16u);
}

}  // namespace
}  // namespace petrel::inline v0::sctp
