#include "petrel/sctp/association.hpp"

#include <gtest/gtest.h>

#include "sctp/pipe.hpp"

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;

// --- Connecting -------------------------------------------------------------

TEST(Association, ConnectsFromBothSidesAtOnce) {
  Pipe pipe(1);

  ASSERT_TRUE(pipe.connects());

  EXPECT_EQ(pipe.now, TimePoint(30ms));  // INIT, INIT ACK, COOKIE ECHO.
  for (const End* end : {&pipe.left, &pipe.right}) {
    ASSERT_EQ(end->count<Connected>(), 1u);
    const Connected connected = end->all<Connected>().front();
    EXPECT_EQ(connected.outgoing_streams, 300);
    EXPECT_EQ(connected.incoming_streams, 300);
    EXPECT_TRUE(connected.interleaving);
  }
}

TEST(Association, CarriesAMessageEachWay) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());

  EXPECT_EQ(
      *pipe.left.association.send(pipe.now, {.stream = 3, .protocol = 51, .payload = as_bytes("hello")}), 5u);
  EXPECT_EQ(
      *pipe.right.association.send(pipe.now, {.stream = 7, .protocol = 53, .payload = as_bytes("world")}),
      5u);
  pipe.run_for(100ms);

  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].text(), "hello");
  EXPECT_EQ(pipe.right.messages[0].stream, 3);
  EXPECT_EQ(pipe.right.messages[0].protocol, 51u);
  ASSERT_EQ(pipe.left.messages.size(), 1u);
  EXPECT_EQ(pipe.left.messages[0].text(), "world");
}

TEST(Association, RestsWhenAllIsAcknowledged) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  EXPECT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("hello")}));
  EXPECT_EQ(pipe.left.association.unacknowledged(), 5u);

  pipe.run_for(200ms);

  EXPECT_EQ(pipe.left.association.unacknowledged(), 0u);
  EXPECT_EQ(pipe.left.association.next_timeout(), std::nullopt);
  EXPECT_EQ(pipe.right.association.next_timeout(), std::nullopt);
  EXPECT_EQ(pipe.on_the_line(), 0u);
}

// Everything that one end has, at once.
void carry(Pipe& pipe, End& from, End& to) {
  std::vector<PacketBuffer> packets;
  while (auto packet = from.association.poll_packet()) packets.push_back(*std::move(packet));
  to.association.handle_packets(pipe.now, packets);
  to.take(pipe.now);
}

TEST(Association, TakesSeveralPacketsAtOnce) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  const auto message = filled(100'000, 1);
  ASSERT_EQ(*pipe.left.association.send(pipe.now, {.payload = message}), message.size());
  for (int i = 0; i < 100 && pipe.right.messages.empty(); ++i) {
    carry(pipe, pipe.left, pipe.right);
    carry(pipe, pipe.right, pipe.left);
  }
  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].payload, message);
}

TEST(Association, TakesTheGoodOnesOfSeveralPackets) {
  constexpr AssociationConfig with_checksums{.zero_checksum = false};
  Pipe pipe(1, {}, with_checksums, with_checksums);
  ASSERT_TRUE(pipe.connects());
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("hello")}));
  std::vector<PacketBuffer> packets;
  packets.push_back(PacketBuffer::copy_of(as_bytes("nonsense")).value());
  packets.push_back(pipe.left.association.poll_packet().value());
  packets.push_back(PacketBuffer::copy_of(packets.back().bytes()).value());
  packets.back().writable().back() ^= std::byte{1};

  pipe.right.association.handle_packets(pipe.now, packets);
  pipe.settle();

  ASSERT_EQ(pipe.right.messages.size(), 1u);
  EXPECT_EQ(pipe.right.messages[0].text(), "hello");
  EXPECT_EQ(pipe.right.association.stats().packets_malformed, 1u);
  EXPECT_EQ(pipe.right.association.stats().packets_bad_checksum, 1u);
  pipe.right.association.handle_packets(pipe.now, {});
}

}  // namespace
}  // namespace petrel::inline v0::sctp
