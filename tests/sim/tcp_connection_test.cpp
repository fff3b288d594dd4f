#include "sim/tcp_connection.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;

const Endpoint client_end = Endpoint::v4(192, 0, 2, 1, 1000);
const Endpoint server_end = Endpoint::v4(192, 0, 2, 2, 80);
constexpr TimePoint start{};

std::vector<Packet> segments_of(TcpConnection& connection) {
  std::vector<Packet> segments;
  while (auto segment = connection.poll_segment()) segments.push_back(*std::move(segment));
  return segments;
}

template <class Change>
bool said(TcpConnection& connection) {
  bool found = false;
  while (auto happening = connection.poll_happening()) {
    const auto* change = std::get_if<FlowChange>(&*happening);
    found |= change != nullptr && std::holds_alternative<Change>(*change);
  }
  return found;
}

// Two ends with nothing between them; `give` takes what one has to the other.
struct Ends {
  TcpConnection client{start, TcpConnection::Role::active, client_end, server_end, 1000};
  TcpConnection server{start, TcpConnection::Role::passive, server_end, client_end, 500};

  void give(TimePoint now, TcpConnection& from, TcpConnection& to) {
    for (const Packet& segment : segments_of(from)) to.handle_segment(now, segment);
  }
  void open() {
    give(start, client, server);
    give(start, server, client);
    give(start, client, server);
  }
};

TEST(TcpConnection, ShakesHands) {
  Ends ends;
  ends.give(start, ends.client, ends.server);
  ends.give(start, ends.server, ends.client);
  EXPECT_TRUE(said<FlowOpened>(ends.client));
  EXPECT_FALSE(said<FlowOpened>(ends.server));
  ends.give(start, ends.client, ends.server);
  EXPECT_TRUE(said<FlowOpened>(ends.server));
}

TEST(TcpConnection, SendsNoMoreAtOnceThanBothLinesTake) {
  Ends ends;
  ends.open();
  ends.client.write(start, std::vector<std::byte>(1200));
  const auto segments = segments_of(ends.client);
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0].payload.size(), 500u);
  EXPECT_EQ(segments[2].payload.size(), 200u);
  EXPECT_EQ(segments[2].tcp.sequence, 1000u);
}

TEST(TcpConnection, FillsTheWindowOfAnEndThatIsPausedAndNoMore) {
  Ends ends;
  ends.open();
  said<FlowOpened>(ends.server);
  EXPECT_FALSE(ends.server.set_paused(true));
  ends.client.write(start, std::vector<std::byte>(300'000));
  TimePoint now = start;
  // For an hour: an end that is shut out asks again, and does not give up.
  for (int i = 0; i < 500 && now < start + 1h; ++i) {
    ends.give(now, ends.client, ends.server);
    ends.give(now, ends.server, ends.client);
    if (const auto due = ends.client.next_timeout()) {
      now = std::max(now, *due);
      ends.client.handle_timeout(now);
    }
  }
  EXPECT_GT(now, start + 30min);
  EXPECT_FALSE(ends.server.poll_happening());
  EXPECT_FALSE(ends.client.over());

  EXPECT_TRUE(ends.server.set_paused(false));
  ends.server.handle_timeout(now);
  std::size_t received = 0;
  bool first = true;
  for (int i = 0; i < 2000 && received < 300'000; ++i) {
    while (const auto happening = ends.server.poll_happening()) {
      if (const auto* bytes = std::get_if<PacketBuffer>(&*happening)) received += bytes->size();
    }
    if (std::exchange(first, false)) {
      EXPECT_NEAR(static_cast<double>(received), 65'000, 1'000);
    }
    ends.give(now, ends.server, ends.client);
    ends.give(now, ends.client, ends.server);
    if (ends.client.next_timeout()) {
      now = std::max(now, *ends.client.next_timeout());
      ends.client.handle_timeout(now);
    }
  }
  EXPECT_EQ(received, 300'000u);
}

TEST(TcpConnection, BeginsWithTenSegmentsAndThenTwiceAsMany) {
  Ends ends;
  ends.open();
  ends.client.write(start, std::vector<std::byte>(50'000));
  auto first = segments_of(ends.client);
  EXPECT_EQ(first.size(), 10u);  // RFC 6928 2
  for (const Packet& segment : first) ends.server.handle_segment(start + 10ms, segment);
  ends.give(start + 20ms, ends.server, ends.client);
  EXPECT_EQ(segments_of(ends.client).size(), 20u);  // RFC 5681 3.1
}

TEST(TcpConnection, AsksAgainAfterASecondAndThenTwiceAsLate) {
  TcpConnection client(start, TcpConnection::Role::active, client_end, server_end, 1000);
  EXPECT_EQ(segments_of(client).size(), 1u);
  client.handle_timeout(start + 1s - 1ns);
  EXPECT_TRUE(segments_of(client).empty());
  client.handle_timeout(start + 1s);
  EXPECT_EQ(segments_of(client).size(), 1u);
  EXPECT_EQ(client.next_timeout(), start + 3s);
}

TEST(TcpConnection, IgnoresASynWhileItOpensItself) {
  TcpConnection client(start, TcpConnection::Role::active, client_end, server_end, 1000);
  TcpConnection other(start, TcpConnection::Role::active, server_end, client_end, 1000);
  segments_of(client);
  for (const Packet& syn : segments_of(other)) client.handle_segment(start, syn);
  EXPECT_FALSE(said<FlowOpened>(client));
  EXPECT_TRUE(segments_of(client).empty());
}

TEST(TcpConnection, IgnoresAcknowledgmentsOfWhatItNeverSent) {
  Ends ends;
  ends.open();
  said<FlowOpened>(ends.client);
  ends.client.write(start, std::vector<std::byte>(100));
  segments_of(ends.client);
  ends.client.handle_segment(
      start, {server_end, client_end, {}, TransportProtocol::tcp, {.acknowledgment = 5000, .ack = true}});
  EXPECT_TRUE(ends.client.next_timeout());  // It still waits for its answer.
}

TEST(TcpConnection, IsOverOnceBothSidesHaveEnded) {
  Ends ends;
  ends.open();
  ends.client.write(start, std::vector<std::byte>(100));
  ends.client.close(start);
  ends.give(start, ends.client, ends.server);
  EXPECT_TRUE(said<FlowClosed>(ends.server));
  ends.give(start, ends.server, ends.client);
  ends.give(start, ends.client, ends.server);
  EXPECT_TRUE(ends.client.over());
  EXPECT_TRUE(ends.server.over());
  EXPECT_EQ(ends.client.next_timeout(), std::nullopt);
}

TEST(TcpConnection, DeliversOnceWhatComesTwiceOrOverlaps) {
  Ends ends;
  ends.open();
  said<FlowOpened>(ends.server);
  const auto segment = [](std::uint64_t sequence, std::size_t size) {
    return Packet{client_end,
                  server_end,
                  PacketBuffer::copy_of(std::vector<std::byte>(size)).value(),
                  TransportProtocol::tcp,
                  {.sequence = sequence, .ack = true}};
  };
  ends.server.handle_segment(start, segment(100, 100));
  EXPECT_FALSE(ends.server.poll_happening());
  ends.server.handle_segment(start, segment(0, 150));
  ends.server.handle_segment(start, segment(0, 150));
  std::size_t delivered = 0;
  while (auto happening = ends.server.poll_happening())
    delivered += std::get<PacketBuffer>(*happening).size();
  EXPECT_EQ(delivered, 200u);
}

}  // namespace
}  // namespace petrel::inline v0::sim
