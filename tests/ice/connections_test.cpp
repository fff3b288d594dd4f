#include "ice/connections.hpp"

#include <gtest/gtest.h>

#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::ice {
namespace {

using namespace std::chrono_literals;
using petrel::testing::SeededRandom;
using petrel::testing::to_vector;

const IpAddress here = IpAddress::v4(192, 0, 2, 1);
const Endpoint peer = Endpoint::v4(198, 51, 100, 1, 2000);

PacketBuffer packet(std::string_view text) { return PacketBuffer::copy_of(as_bytes(text)).value(); }
PacketBuffer check() { return packet(std::string_view("\0\1 is what a request begins with", 20)); }
PacketBuffer media() { return packet("\x80 is what RTP begins with"); }

class ConnectionsTest : public ::testing::Test {
 protected:
  void use(TcpCandidates tcp) {
    shared.config.tcp = tcp;
    connections.use({&here, 1});
  }
  template <class Request>
  Request next_request() {
    Request request = std::get<Request>(shared.requests.front());
    shared.requests.pop_front();
    return request;
  }
  FlowId next_socket() { return std::get<TcpSocketOpened>(connections.poll_news().value()).flow; }
  FlowId listening_socket() {
    use(TcpCandidates::passive);
    const FlowId flow = next_request<Listen>().flow;
    connections.handle_flow(flow, FlowOpened{{here, 4000}});
    return next_socket();
  }
  FlowId accept(FlowId socket, const Endpoint& from) {
    const FlowId flow{next_accepted++};
    connections.handle_flow(flow, FlowAccepted{socket, {here, 4000}, from});
    return flow;
  }
  static Endpoint stranger(std::size_t number) {
    return Endpoint::v4(198, 51, 100, 2, static_cast<std::uint16_t>(1000 + number));
  }
  void at(Duration since_start) {
    shared.now = TimePoint(since_start);
    connections.handle_timeout();
  }

  SeededRandom random{1};
  Shared shared{{}, random};
  Connections connections{shared};
  std::uint32_t next_accepted = first_accepted_flow.value;
};

TEST_F(ConnectionsTest, HasOneSocketPerAddressAndDirection) {
  use(TcpCandidates::both);
  EXPECT_TRUE(connections.is_busy());
  const auto active = std::get<TcpSocketOpened>(connections.poll_news().value());
  EXPECT_EQ(active.local, (Endpoint{here, 9}));
  EXPECT_EQ(active.tcp_type, "active");
  EXPECT_FALSE(connections.poll_news());
  const Listen listen = next_request<Listen>();
  EXPECT_EQ(listen.local, (Endpoint{here, 0}));
  connections.handle_flow(listen.flow, FlowOpened{{here, 4000}});
  const auto passive = std::get<TcpSocketOpened>(connections.poll_news().value());
  EXPECT_EQ(passive.local, (Endpoint{here, 4000}));
  EXPECT_EQ(passive.tcp_type, "passive");
  EXPECT_NE(passive.preference, active.preference);
  EXPECT_FALSE(connections.is_busy());

  use(TcpCandidates::both);
  EXPECT_FALSE(connections.poll_news()) << "they are there already";
  connections.use({});
  EXPECT_EQ(std::get<TcpSocketFailed>(connections.poll_news().value()).flow, active.flow);
  EXPECT_EQ(std::get<TcpSocketFailed>(connections.poll_news().value()).flow, passive.flow);
  EXPECT_EQ(next_request<CloseFlow>().flow, passive.flow);
  EXPECT_FALSE(connections.owns(passive.flow));
}

TEST_F(ConnectionsTest, TellOfFailuresFirstAndOfNothingThatHasFailed) {
  use(TcpCandidates::active);
  EXPECT_FALSE(connections.poll_news(true)) << "it may wait";
  connections.use({});
  EXPECT_TRUE(std::holds_alternative<TcpSocketFailed>(connections.poll_news(true).value()));
  EXPECT_FALSE(connections.poll_news());
}

TEST_F(ConnectionsTest, OfALiteAgentDoNotConnect) {
  shared.config.lite = true;
  use(TcpCandidates::both);
  EXPECT_FALSE(connections.poll_news());
  EXPECT_TRUE(std::holds_alternative<Listen>(shared.requests.front()));
}

TEST_F(ConnectionsTest, TriesOtherPortsOfTheRangeWhereOneIsTaken) {
  shared.config.ports = {{1, 1}};
  shared.config.tcp_ports = {{5000, 5001}};
  use(TcpCandidates::passive);
  const auto taken = FlowFailed{std::make_error_code(std::errc::address_in_use)};
  const Listen first = next_request<Listen>();
  connections.handle_flow(first.flow, taken);
  const Listen second = next_request<Listen>();
  EXPECT_EQ(first.local.port + second.local.port, 5000 + 5001);
  connections.handle_flow(second.flow, taken);
  EXPECT_EQ(std::get<TcpSocketFailed>(connections.poll_news().value()).flow, second.flow);
  EXPECT_EQ(shared.stats.sockets_failed, 1u);
  EXPECT_FALSE(connections.is_busy());
}

TEST_F(ConnectionsTest, OpensAConnectionWithTheFirstPacketAndFramesWhatItSends) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  EXPECT_TRUE(connections.send(socket, peer, check()));
  const Connect connect = next_request<Connect>();
  EXPECT_EQ(connect.remote, peer);
  EXPECT_EQ(connect.local, (Endpoint{here, 0}));
  EXPECT_TRUE(shared.transmits.empty()) << "there is no connection yet";
  EXPECT_FALSE(connections.is_open(socket, peer));

  connections.handle_flow(connect.flow, FlowOpened{{here, 3333}, peer});
  ASSERT_EQ(shared.opened_connections.size(), 1u);
  EXPECT_EQ(shared.opened_connections[0].candidate, socket);
  EXPECT_TRUE(connections.send(socket, peer, media()));
  EXPECT_TRUE(shared.requests.empty()) << "the same connection";
  for (const PacketBuffer& payload : {check(), media()}) {
    const Transmit sent = shared.transmits.take().value();
    EXPECT_EQ(sent.flow, connect.flow);
    EXPECT_EQ(sent.payload.size(), payload.size() + 2);
    EXPECT_EQ(to_vector(sent.payload.bytes().subspan(2)), to_vector(payload.bytes()));
  }
  EXPECT_EQ(shared.stats.tcp_connections_opened, 1u);
}

TEST_F(ConnectionsTest, KeepsAFewPacketsForAConnectionThatIsBeingOpened) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  for (std::size_t i = 0; i < max_waiting_frames; ++i) EXPECT_TRUE(connections.send(socket, peer, check()));
  EXPECT_FALSE(connections.send(socket, peer, check()));
  EXPECT_FALSE(connections.send(socket, peer, media())) << "media would be old before it is open";
  EXPECT_EQ(shared.stats.tcp_packets_dropped, 1u);
  connections.handle_flow(next_request<Connect>().flow, FlowOpened{{here, 3333}, peer});
  EXPECT_EQ(shared.transmits.size(), max_waiting_frames);
}

TEST_F(ConnectionsTest, DropsMediaAsAWholeWhileItIsCongestedAndLetsChecksPass) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  connections.send(socket, peer, check());
  const FlowId flow = next_request<Connect>().flow;
  connections.handle_flow(flow, FlowOpened{{here, 3333}, peer});
  connections.handle_flow(flow, FlowCongested{});
  shared.transmits.clear();
  EXPECT_FALSE(connections.send(socket, peer, media()));
  EXPECT_TRUE(connections.send(socket, peer, check()));
  EXPECT_EQ(shared.transmits.size(), 1u);
  EXPECT_EQ(shared.stats.tcp_packets_dropped, 1u);
  connections.handle_flow(flow, FlowWritable{});
  EXPECT_TRUE(connections.send(socket, peer, media()));
}

TEST_F(ConnectionsTest, TellsWhyAConnectionIsNotThere) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  const auto broken = FlowFailed{std::make_error_code(std::errc::connection_refused)};
  connections.send(socket, peer, check());
  connections.handle_flow(next_request<Connect>().flow, broken);
  connections.send(socket, peer, check());
  const FlowId second = next_request<Connect>().flow;
  connections.handle_flow(second, FlowOpened{{here, 3333}, peer});
  connections.handle_flow(second, FlowClosed{});
  ASSERT_EQ(shared.ended_connections.size(), 2u);
  EXPECT_EQ(shared.ended_connections[0].outcome, PairOutcome::connection_failed);
  EXPECT_EQ(shared.ended_connections[1].outcome, PairOutcome::connection_lost);
  EXPECT_EQ(shared.ended_connections[1].remote, peer);
  EXPECT_EQ(shared.stats.tcp_connections_lost, 1u);
  EXPECT_TRUE(shared.requests.empty()) << "flows that are gone are not closed";
}

TEST_F(ConnectionsTest, CutsWhatComesIntoDatagramsOfTheCandidate) {
  const FlowId socket = listening_socket();
  const FlowId flow = accept(socket, peer);
  const auto bytes = testing::hex("0001 41 0002 4243 0003 44");
  EXPECT_FALSE(connections.handle_bytes({FlowId{77}, peer, {}, bytes}));
  ASSERT_TRUE(connections.handle_bytes({flow, peer, {}, bytes}));
  const Datagram first = connections.poll_frame().value();
  EXPECT_EQ(first.flow, socket);
  EXPECT_EQ(first.source, peer);
  EXPECT_EQ(first.destination, (Endpoint{here, 4000}));
  EXPECT_EQ(as_text(first.payload), "A");
  EXPECT_EQ(as_text(connections.poll_frame()->payload), "BC");
  EXPECT_FALSE(connections.poll_frame());
  ASSERT_TRUE(connections.handle_bytes({flow, peer, {}, as_bytes("EF")}));
  EXPECT_EQ(as_text(connections.poll_frame()->payload), "DEF");
}

TEST_F(ConnectionsTest, GivesAStrangerSomeTimeToProveItself) {
  const FlowId socket = listening_socket();
  const FlowId good = accept(socket, peer);
  const FlowId bad = accept(socket, stranger(0));
  connections.prove(socket, peer);
  EXPECT_TRUE(connections.is_proven(socket, peer));
  EXPECT_EQ(connections.next_timeout(), TimePoint(proving_time));
  at(proving_time - 1ns);
  EXPECT_TRUE(shared.requests.empty());
  at(proving_time);
  EXPECT_EQ(next_request<CloseFlow>().flow, bad);
  EXPECT_EQ(shared.stats.tcp_connections_unproven, 1u);
  EXPECT_TRUE(connections.handle_bytes({good, peer, {}, {}}));
  EXPECT_FALSE(connections.poll_frame());
}

TEST_F(ConnectionsTest, KeepsNoMoreStrangersThanItsLimit) {
  const FlowId socket = listening_socket();
  for (std::size_t i = 0; i < max_unproven_connections; ++i) accept(socket, stranger(i));
  EXPECT_TRUE(shared.requests.empty());
  const FlowId refused = accept(socket, peer);
  EXPECT_EQ(next_request<CloseFlow>().flow, refused);
  EXPECT_EQ(shared.stats.tcp_connections_refused, 1u);
  connections.prove(socket, stranger(0));
  accept(socket, peer);
  EXPECT_TRUE(shared.requests.empty()) << "who has proven itself leaves its place";
}

TEST_F(ConnectionsTest, AreBoundedTogether) {
  const FlowId socket = listening_socket();
  for (std::size_t i = 0; i < max_connections; ++i) {
    accept(socket, stranger(i));
    connections.prove(socket, stranger(i));
  }
  EXPECT_TRUE(shared.requests.empty());
  const FlowId refused = accept(socket, peer);
  EXPECT_EQ(next_request<CloseFlow>().flow, refused);
}

TEST_F(ConnectionsTest, LetGoOfAStrangerThatTakesNoAnswersIn) {
  const FlowId socket = listening_socket();
  const FlowId flow = accept(socket, peer);
  connections.handle_flow(flow, FlowCongested{});
  EXPECT_EQ(next_request<CloseFlow>().flow, flow);
}

TEST_F(ConnectionsTest, ReplacesAConnectionThatComesAgain) {
  const FlowId socket = listening_socket();
  const FlowId old = accept(socket, peer);
  connections.prove(socket, peer);
  const FlowId fresh = accept(socket, peer);
  EXPECT_EQ(next_request<CloseFlow>().flow, old);
  EXPECT_FALSE(connections.is_proven(socket, peer)) << "it may be somebody else behind the same NAT";
  EXPECT_TRUE(connections.handle_bytes({fresh, peer, {}, {}}));
}

TEST_F(ConnectionsTest, CloseWhatNobodyNeeds) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  connections.send(socket, peer, check());
  const FlowId flow = next_request<Connect>().flow;
  connections.handle_flow(flow, FlowOpened{{here, 3333}, peer});
  at(10s);
  connections.send(socket, peer, check());
  at(10s + idle_limit - 1ns);
  EXPECT_TRUE(shared.requests.empty());
  at(10s + idle_limit);
  EXPECT_EQ(next_request<CloseFlow>().flow, flow);
  ASSERT_EQ(shared.ended_connections.size(), 1u);
  EXPECT_EQ(shared.ended_connections[0].outcome, PairOutcome::stopped);
  EXPECT_FALSE(connections.next_timeout());
}

TEST_F(ConnectionsTest, AbandonsWhatItCanOpenAgainAndNothingElse) {
  use(TcpCandidates::active);
  const FlowId socket = next_socket();
  connections.send(socket, peer, check());
  const FlowId flow = next_request<Connect>().flow;
  connections.abandon(socket, peer);
  EXPECT_EQ(next_request<CloseFlow>().flow, flow);
  connections.send(socket, peer, check());
  EXPECT_NE(next_request<Connect>().flow, flow);

  Connections passive(shared);
  shared.config.tcp = TcpCandidates::passive;
  passive.use({&here, 1});
  const FlowId listener = next_request<Listen>().flow;
  passive.handle_flow(listener, FlowOpened{{here, 4000}});
  passive.handle_flow(first_accepted_flow, FlowAccepted{listener, {here, 4000}, peer});
  passive.abandon(listener, peer);
  EXPECT_TRUE(shared.requests.empty());
  EXPECT_FALSE(passive.send(listener, stranger(0), check())) << "it opens none";
}

TEST_F(ConnectionsTest, CloseEverythingAtTheEnd) {
  const FlowId socket = listening_socket();
  const FlowId flow = accept(socket, peer);
  connections.close();
  EXPECT_EQ(next_request<CloseFlow>().flow, flow);
  EXPECT_EQ(next_request<CloseFlow>().flow, socket);
  EXPECT_FALSE(connections.owns(socket));
  EXPECT_FALSE(connections.next_timeout());
}

}  // namespace
}  // namespace petrel::inline v0::ice
