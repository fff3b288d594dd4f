#include "turn/server_link.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::turn {
namespace {

using testing::hex;

ClientConfig config_of(TransportProtocol protocol) {
  return {.flow = FlowId{7}, .server = Endpoint::v4(192, 0, 2, 1, 3478), .protocol = protocol};
}

TEST(ServerLink, TakesADatagramForAMessageWithoutACopy) {
  ServerLink link(TimePoint{}, config_of(TransportProtocol::udp));
  EXPECT_TRUE(link.ready());
  const auto bytes = hex("40010000");
  link.handle_bytes(TimePoint{}, bytes);
  const auto message = link.next_message();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->data(), bytes.data());
  EXPECT_FALSE(link.next_message());
}

TEST(ServerLink, CutsAStreamIntoMessages) {
  ServerLink link(TimePoint{}, config_of(TransportProtocol::tcp));
  EXPECT_FALSE(link.is_datagram());
  link.handle_bytes(TimePoint{}, hex("4001 0001 61 00"));
  EXPECT_FALSE(link.next_message());
  link.handle_bytes(TimePoint{}, hex("0000 4002 0000"));
  EXPECT_TRUE(equal(link.next_message().value(), hex("4001 0001 61")));
  EXPECT_TRUE(equal(link.next_message().value(), hex("4002 0000")));
  EXPECT_FALSE(link.next_message());
}

TEST(ServerLink, FailsWhenAStreamMakesNoSense) {
  ServerLink link(TimePoint{}, config_of(TransportProtocol::tcp));
  link.handle_bytes(TimePoint{}, hex("ff"));
  EXPECT_FALSE(link.next_message());
  ASSERT_TRUE(link.failure());
  EXPECT_EQ(link.failure()->error, Errc::bad_framing);
  EXPECT_FALSE(link.send(TimePoint{}, PacketBuffer::copy_of({}).value()));
}

TEST(ServerLink, IsNotReadyBeforeItsHandshake) {
  ClientConfig config = config_of(TransportProtocol::tls);
  config.tls.dangerously_skip_verification = true;
  ServerLink link(TimePoint{}, config);
  EXPECT_FALSE(link.ready());
  EXPECT_FALSE(link.failure());
  const auto hello = link.poll_transmit();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->flow, FlowId{7});
  EXPECT_EQ(hello->payload.data()[0], std::byte{22});  // A handshake record, RFC 8446 5.1.
  EXPECT_TRUE(link.next_timeout());
}

}  // namespace
}  // namespace petrel::inline v0::turn
