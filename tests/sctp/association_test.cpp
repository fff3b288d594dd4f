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

}  // namespace
}  // namespace petrel::inline v0::sctp
