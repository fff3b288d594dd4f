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

// ---- Through an HTTP proxy --------------------------------------------------------------

ClientConfig proxied(TransportProtocol protocol) {
  ClientConfig config = config_of(protocol);
  config.http_proxy = HttpProxy{.host = "proxy"};
  config.tunnel_to = "turn.example.org:443";
  config.tls.dangerously_skip_verification = true;
  return config;
}

TEST(ServerLink, AsksTheProxyFirst) {
  ServerLink link(TimePoint{}, proxied(TransportProtocol::tcp));
  EXPECT_FALSE(link.ready());
  const auto request = link.poll_transmit();
  ASSERT_TRUE(request);
  EXPECT_TRUE(as_text(request->payload.bytes()).starts_with("CONNECT turn.example.org:443 HTTP/1.1\r\n"));
  EXPECT_FALSE(link.send(TimePoint{}, PacketBuffer::copy_of(hex("4001 0000")).value()));

  std::vector<std::byte> answer = testing::to_vector(as_bytes("HTTP/1.1 200 OK\r\n\r\n"));
  const auto message = hex("4001 0001 61 000000");
  answer.insert(answer.end(), message.begin(), message.end());
  link.handle_bytes(TimePoint{}, answer);
  EXPECT_TRUE(link.ready());
  EXPECT_TRUE(equal(link.next_message().value(), hex("4001 0001 61"))) << "what came right behind the head";
  EXPECT_TRUE(link.send(TimePoint{}, PacketBuffer::copy_of(hex("4001 0000")).value()));
}

TEST(ServerLink, BeginsTlsOnceTheProxyHasConnected) {
  ServerLink link(TimePoint{}, proxied(TransportProtocol::tls));
  ASSERT_TRUE(link.poll_transmit());
  EXPECT_FALSE(link.poll_transmit());
  EXPECT_FALSE(link.next_timeout());
  link.handle_bytes(TimePoint{}, as_bytes("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_FALSE(link.ready());
  const auto hello = link.poll_transmit();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->payload.data()[0], std::byte{22});
  EXPECT_TRUE(link.next_timeout());
}

TEST(ServerLink, FailsAsTheProxyDoes) {
  ServerLink link(TimePoint{}, proxied(TransportProtocol::tls));
  link.handle_bytes(TimePoint{}, as_bytes("HTTP/1.1 403 Forbidden\r\n\r\n<html>"));
  ASSERT_TRUE(link.failure());
  EXPECT_EQ(link.failure()->error, Errc::proxy_refused);
}

TEST(ServerLink, GoesDirectOverUdp) {
  ServerLink link(TimePoint{}, proxied(TransportProtocol::udp));
  EXPECT_TRUE(link.ready());
  EXPECT_FALSE(link.poll_transmit());
}

}  // namespace
}  // namespace petrel::inline v0::turn
