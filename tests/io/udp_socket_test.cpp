#include "io/udp_socket.hpp"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <asio/io_context.hpp>
#include <string_view>
#include <vector>

#include "io/udp_batch.hpp"
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

// ---- Runs ---------------------------------------------------------------------------------

// `count` datagrams of 1,200 bytes and a shorter one, told apart by their first two bytes.
std::vector<Transmit> film(std::size_t count, const Endpoint& to) {
  std::vector<Transmit> transmits;
  for (std::size_t i = 0; i <= count; ++i) {
    std::vector<std::byte> payload(i == count ? 700 : 1200, static_cast<std::byte>(i));
    payload[0] = static_cast<std::byte>(i >> 8);
    payload[1] = static_cast<std::byte>(i & 0xff);
    transmits.push_back({FlowId{7}, to, PacketBuffer::copy_of(payload).value()});
  }
  return transmits;
}

// Sends 100 and one, and sees that all arrive whole and in order.
void carry_a_film(asio::io_context& io, UdpSocket& sender, UdpSocket& receiver) {
  std::size_t received = 0;
  receiver.start(
      [&](std::span<const Datagram> datagrams) {
        for (const Datagram& datagram : datagrams) {
          EXPECT_EQ(datagram.payload.size(), received == 100 ? 700u : 1200u);
          EXPECT_EQ(ByteReader(datagram.payload).u16(), received);
          EXPECT_EQ(datagram.payload.back(), static_cast<std::byte>(received));
          ++received;
        }
        if (received == 101) receiver.close();
      },
      [] {});
  auto transmits = film(100, receiver.local());
  EXPECT_EQ(sender.send(transmits), 101u);
  io.run();
  EXPECT_EQ(received, 101u);
}

std::shared_ptr<UdpSocket> bind_with(asio::io_context& io, bool offload) {
  return UdpSocket::bind(io.get_executor(), any_port, {FlowId{7}, 1 << 18, offload}).value();
}

bool kernel_cuts(int socket) {
  const int none = 0;
  return ::setsockopt(socket, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)) == 0;
}

TEST(UdpSocket, SendsAndReceivesRunsAsOne) {
  asio::io_context io;
  const auto sender = bind_with(io, true);
  const auto receiver = bind_with(io, true);
  if (!kernel_cuts(sender->native_handle())) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  carry_a_film(io, *sender, *receiver);
  EXPECT_EQ(sender->stats().runs, 4u);  // Of 32, and of 5.
  EXPECT_EQ(receiver->stats().coalesced, 4u);
  EXPECT_EQ(sender->stats().refusals, 0u);
}

TEST(UdpSocket, SendsRunsToWhoTakesThemSingly) {
  asio::io_context io;
  const auto sender = bind_with(io, true);
  const auto receiver = bind_with(io, false);
  carry_a_film(io, *sender, *receiver);
  EXPECT_EQ(receiver->stats().coalesced, 0u);
}

TEST(UdpSocket, SendsSinglyWhereItIsToldTo) {
  asio::io_context io;
  const auto sender = bind_with(io, false);
  const auto receiver = bind_with(io, true);
  carry_a_film(io, *sender, *receiver);
  EXPECT_EQ(sender->stats().runs, 0u);
}

// Linux does not cut what it is not to give a checksum: the refusal that other devices give, too.
TEST(UdpSocket, GoesOnSinglyWhenRunsAreRefused) {
  asio::io_context io;
  const auto sender = bind_with(io, true);
  const auto receiver = bind_with(io, true);
  if (!kernel_cuts(sender->native_handle())) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  const int yes = 1;
  ASSERT_EQ(::setsockopt(sender->native_handle(), SOL_SOCKET, SO_NO_CHECK, &yes, sizeof(yes)), 0);
  carry_a_film(io, *sender, *receiver);
  EXPECT_EQ(sender->stats().runs, 0u);
  EXPECT_EQ(sender->stats().refusals, 1u) << "and did not try again";
}

TEST(UdpSocket, TakesNoRefusedDestinationForARefusedRun) {
  asio::io_context io;
  const auto sender = bind_with(io, true);
  auto transmits = film(10, Endpoint::v4(127, 0, 0, 1, 0));
  EXPECT_EQ(sender->send(transmits), 11u);
  EXPECT_EQ(sender->stats().refusals, 0u);
}

// ---- Marks --------------------------------------------------------------------------------

struct Heard {
  std::vector<Ecn> ecn;
  int traffic_class = -1;
};

// One datagram with these marks, as a UdpSocket and as the system's own call see it.
Heard send_marked(const Endpoint& local, std::uint8_t dscp, Ecn ecn) {
  asio::io_context io;
  const auto open = [&] { return UdpSocket::bind(io.get_executor(), local, {FlowId{7}, 1 << 18}).value(); };
  const auto sender = open();
  const auto receiver = open();
  const auto plain = open();  // Never started: read below.
  Heard heard;
  receiver->start(
      [&](std::span<const Datagram> datagrams) {
        for (const Datagram& each : datagrams) heard.ecn.push_back(each.ecn);
        if (heard.ecn.size() >= 3) receiver->close();
      },
      [] {});
  for (const UdpSocket* to : {receiver.get(), plain.get()}) {
    std::vector<Transmit> transmits = packets(3, to->local());
    for (Transmit& each : transmits) {
      each.dscp = dscp;
      each.ecn = ecn;
    }
    EXPECT_EQ(sender->send(transmits), 3u);
  }
  io.run();
  EXPECT_EQ(sender->stats().refusals, 0u);

  UdpReceiveBatch& batch = UdpReceiveBatch::of_thread();
  mmsghdr* const messages = batch.prepare();
  EXPECT_GE(::recvmmsg(plain->native_handle(), messages, 1, MSG_DONTWAIT, nullptr), 1);
  msghdr& header = messages[0].msg_hdr;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    const bool v4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS;
    const bool v6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_TCLASS;
    if (v4 || v6) heard.traffic_class = std::to_integer<int>(static_cast<std::byte>(*CMSG_DATA(each)));
  }
  return heard;
}

TEST(UdpSocket, MarksPacketsAndReadsTheirMarks) {
  for (const std::string_view local : {"127.0.0.1:0", "[::1]:0"}) {
    asio::io_context io;
    const Endpoint endpoint = Endpoint::parse(local).value();
    if (!UdpSocket::bind(io.get_executor(), endpoint, {})) continue;  // This machine has no IPv6.
    const Heard marked = send_marked(endpoint, 46, Ecn::ect1);
    EXPECT_EQ(marked.ecn, std::vector(3, Ecn::ect1)) << local;
    EXPECT_EQ(marked.traffic_class, 46 << 2 | 1) << local;
    const Heard plain = send_marked(endpoint, 0, Ecn::not_ect);
    EXPECT_EQ(plain.ecn, std::vector(3, Ecn::not_ect)) << local;
    EXPECT_EQ(plain.traffic_class, 0) << local;
    EXPECT_EQ(send_marked(endpoint, 0, Ecn::ce).ecn, std::vector(3, Ecn::ce)) << local;
  }
}

}  // namespace
}  // namespace petrel::inline v0::io
