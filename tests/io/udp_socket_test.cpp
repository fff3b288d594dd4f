#include "io/udp_socket.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::io {
namespace {

const Endpoint any_port = Endpoint::v4(127, 0, 0, 1, 0);

std::shared_ptr<UdpSocket> bind(asio::io_context& io, Endpoint local = any_port) {
  return UdpSocket::bind(io.get_executor(), local, {FlowId{7}, 1 << 18}).value();
}

std::vector<Transmit> packets(std::size_t count, const Endpoint& to) {
  std::vector<Transmit> transmits;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::byte, 2> payload{static_cast<std::byte>(i >> 8), static_cast<std::byte>(i & 0xff)};
    transmits.push_back({FlowId{7}, to, PacketBuffer::copy_of(payload).value()});
  }
  return transmits;
}

TEST(UdpSocket, DeliversMoreThanABatchInOrder) {
  asio::io_context io;
  const auto sender = bind(io);
  const auto receiver = bind(io);
  std::size_t received = 0;
  receiver->start(
      [&](std::span<const Datagram> datagrams) {
        for (const Datagram& datagram : datagrams) {
          EXPECT_EQ(datagram.flow, FlowId{7});
          EXPECT_EQ(datagram.source, sender->local());
          EXPECT_EQ(datagram.destination, receiver->local());
          ByteReader reader(datagram.payload);
          EXPECT_EQ(reader.u16(), received);
          ++received;
        }
        if (received == 100) receiver->close();
      },
      [] {});

  auto transmits = packets(100, receiver->local());
  EXPECT_EQ(sender->send(transmits), 100u);
  io.run();
  EXPECT_EQ(received, 100u);
}

TEST(UdpSocket, SaysWhyItCannotBeBound) {
  asio::io_context io;
  const auto first = bind(io);
  const auto second = UdpSocket::bind(io.get_executor(), first->local(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), std::errc::address_in_use);
  EXPECT_FALSE(UdpSocket::bind(io.get_executor(), Endpoint::v4(192, 0, 2, 1, 0), {}));
}

// To a port that nobody has: the ICMP error that comes back must not end the socket.
TEST(UdpSocket, LivesOnAfterAnIcmpError) {
  asio::io_context io;
  Endpoint nobody;
  {
    const auto gone = bind(io);
    nobody = gone->local();
    gone->close();
  }
  const auto socket = bind(io);
  bool heard = false;
  socket->start(
      [&](std::span<const Datagram>) {
        heard = true;
        socket->close();
      },
      [] {});
  auto lost = packets(3, nobody);
  EXPECT_EQ(socket->send(lost), 3u);
  auto own = packets(1, socket->local());
  EXPECT_EQ(socket->send(own), 1u);
  io.run();
  EXPECT_TRUE(heard);
}

TEST(UdpSocket, CountsWhatTheSystemRefusesAsSent) {
  asio::io_context io;
  const auto socket = bind(io);
  auto transmits = packets(2, Endpoint::v4(127, 0, 0, 1, 0));  // Port 0 is nobody's.
  EXPECT_EQ(socket->send(transmits), 2u);
}

TEST(UdpSocket, DeliversNothingAfterClose) {
  asio::io_context io;
  const auto socket = bind(io);
  socket->start([](std::span<const Datagram>) { FAIL(); }, [] { FAIL(); });
  auto own = packets(1, socket->local());
  EXPECT_EQ(socket->send(own), 1u);
  socket->close();
  io.run();
}

TEST(UdpSocket, SpeaksIpv6) {
  asio::io_context io;
  const auto bound = UdpSocket::bind(io.get_executor(), *Endpoint::parse("[::1]:0"), {FlowId{7}, 1 << 18});
  if (!bound) GTEST_SKIP() << "this machine has no IPv6";
  const auto socket = *bound;
  bool heard = false;
  socket->start(
      [&](std::span<const Datagram> datagrams) {
        heard = datagrams[0].source == socket->local();
        socket->close();
      },
      [] {});
  auto own = packets(1, socket->local());
  EXPECT_EQ(socket->send(own), 1u);
  io.run();
  EXPECT_TRUE(heard);
}

}  // namespace
}  // namespace petrel::inline v0::io
