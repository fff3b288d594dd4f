#include "io/tcp_stream.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "petrel/io/network.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

constexpr FlowId listener{1};
constexpr FlowId client{2};

struct User final : io::NetworkUser {
  std::map<FlowId, std::string> received;
  std::map<FlowId, std::vector<FlowChange>> changes;
  std::function<void(FlowId)> on_bytes = [](FlowId) {};

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) {
      received[each.flow] += as_text(each.payload);
      on_bytes(each.flow);
    }
  }
  void on_flow(FlowId flow, const FlowChange& change) override { changes[flow].push_back(change); }
  void on_resolved(std::uint32_t, std::span<const IpAddress>) override {}
  void on_timeout() override {}
  void on_writable() override {}
  void on_network_gone() override {}

  template <class Change>
  const Change* heard(FlowId flow) const {
    const auto found = changes.find(flow);
    if (found == changes.end()) return nullptr;
    for (const FlowChange& change : found->second) {
      if (const auto* wanted = std::get_if<Change>(&change)) return wanted;
    }
    return nullptr;
  }
};

struct Streams : testing::Test {
  asio::io_context io{1};
  Network network{io.get_executor()};
  User user;
  io::NetworkUserId id = network.attach(user);

  ~Streams() override { network.detach(id); }

  bool run_until(const std::function<bool()>& done) {
    io.restart();  // It stops whenever it has nothing to wait for.
    while (!done() && io.run_one_for(5s) != 0) continue;
    return done();
  }
  Endpoint listen() {
    network.request(id, Listen{listener, Endpoint::v4(127, 0, 0, 1, 0)});
    EXPECT_EQ(user.heard<FlowOpened>(listener), nullptr) << "the answer came from inside the request";
    EXPECT_TRUE(run_until([&] { return user.heard<FlowOpened>(listener) != nullptr; }));
    return user.heard<FlowOpened>(listener)->local;
  }
  void connect(const Endpoint& remote) {
    network.request(id, Connect{client, {}, remote});
    ASSERT_TRUE(run_until([&] {
      return user.heard<FlowOpened>(client) != nullptr &&
             user.heard<FlowAccepted>(first_accepted_flow) != nullptr;
    }));
  }
  std::size_t send(FlowId flow, std::string_view text) {
    std::vector<Transmit> transmits;
    transmits.push_back({flow, {}, PacketBuffer::copy_of(as_bytes(text)).value()});
    return network.send(id, transmits);
  }
};

TEST_F(Streams, CarryBytesBothWaysAndNameTheirEnds) {
  const Endpoint server = listen();
  connect(server);
  const FlowAccepted* accepted = user.heard<FlowAccepted>(first_accepted_flow);
  const FlowOpened* opened = user.heard<FlowOpened>(client);
  EXPECT_EQ(accepted->listener, listener);
  EXPECT_EQ(accepted->remote, opened->local);
  EXPECT_EQ(opened->remote, server);

  send(client, "to the ");
  send(client, "server");
  send(first_accepted_flow, "to the client");
  EXPECT_TRUE(run_until([&] {
    return user.received[first_accepted_flow] == "to the server" && user.received[client] == "to the client";
  }));
}

TEST_F(Streams, CarryWhatWasSentBeforeTheConnectionStood) {
  const Endpoint server = listen();
  network.request(id, Connect{client, {}, server});
  send(client, "early");
  EXPECT_TRUE(run_until([&] { return user.received[first_accepted_flow] == "early"; }));
}

TEST_F(Streams, SayWhenTheOtherEndHasClosedAfterAllThatItSent) {
  connect(listen());
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string part(1400, static_cast<char>('a' + i % 26));
    expected += part;
    send(client, part);
  }
  network.request(id, CloseFlow{client});
  EXPECT_TRUE(run_until([&] { return user.heard<FlowClosed>(first_accepted_flow) != nullptr; }));
  EXPECT_EQ(user.received[first_accepted_flow].size(), expected.size());
  EXPECT_TRUE(user.received[first_accepted_flow] == expected);
  EXPECT_EQ(user.heard<FlowClosed>(client), nullptr) << "who closes hears nothing any more";
}

TEST_F(Streams, DeliverNothingWhileTheyArePausedAndLoseNothing) {
  connect(listen());
  network.request(id, PauseFlow{first_accepted_flow});
  std::string expected;
  bool congested = false;
  // More than the system keeps for both ends.
  for (int i = 0; i < 20'000 && !congested; ++i) {
    const std::string part(1400, static_cast<char>('a' + i % 26));
    expected += part;
    send(client, part);
    if (i % 32 == 0) io.poll();
    congested = user.heard<FlowCongested>(client) != nullptr;
  }
  EXPECT_TRUE(congested);
  EXPECT_EQ(user.received[first_accepted_flow], "");
  network.request(id, ResumeFlow{first_accepted_flow});
  EXPECT_TRUE(run_until([&] { return user.received[first_accepted_flow].size() == expected.size(); }));
  EXPECT_TRUE(user.received[first_accepted_flow] == expected);
  network.request(id, PauseFlow{first_accepted_flow});
  network.request(id, CloseFlow{client});
  for (int i = 0; i < 10; ++i) io.poll();
  EXPECT_EQ(user.heard<FlowClosed>(first_accepted_flow), nullptr) << "the end waits as well";
  network.request(id, ResumeFlow{first_accepted_flow});
  EXPECT_TRUE(run_until([&] { return user.heard<FlowClosed>(first_accepted_flow) != nullptr; }));
}

TEST_F(Streams, LeaveFromThePortOfAListenerThatSaysSo) {
  network.request(id, Listen{listener, Endpoint::v4(127, 0, 0, 1, 0), true});
  const FlowId other{3};
  network.request(id, Listen{other, Endpoint::v4(127, 0, 0, 1, 0)});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowOpened>(listener) && user.heard<FlowOpened>(other); }));
  const Endpoint from = user.heard<FlowOpened>(listener)->local;
  const Endpoint to = user.heard<FlowOpened>(other)->local;
  network.request(id, Connect{client, from, to, true});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowAccepted>(first_accepted_flow) != nullptr; }));
  EXPECT_EQ(user.heard<FlowAccepted>(first_accepted_flow)->remote, from);
  // It still listens.
  network.request(id, Connect{FlowId{4}, {}, from});
  const FlowId second{first_accepted_flow.value + 1};
  ASSERT_TRUE(run_until([&] { return user.heard<FlowAccepted>(second) != nullptr; }));
  EXPECT_EQ(user.heard<FlowAccepted>(second)->listener, listener);
  // And nobody else may.
  network.request(id, Listen{FlowId{5}, from, true});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowFailed>(FlowId{5}) != nullptr; }));
  EXPECT_EQ(user.heard<FlowFailed>(FlowId{5})->error, std::errc::address_in_use);
}

TEST_F(Streams, SayWhyAConnectionCannotBeOpened) {
  const Endpoint server = listen();
  network.request(id, CloseFlow{listener});
  network.request(id, Connect{client, {}, server});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowFailed>(client) != nullptr; }));
  EXPECT_EQ(user.heard<FlowFailed>(client)->error, std::errc::connection_refused);

  network.request(id, Connect{FlowId{3}, Endpoint::v4(192, 0, 2, 1, 0), server});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowFailed>(FlowId{3}) != nullptr; }));
  EXPECT_EQ(user.heard<FlowFailed>(FlowId{3})->error, std::errc::address_not_available);
}

TEST_F(Streams, SayThatAPortIsTaken) {
  const Endpoint server = listen();
  network.request(id, Listen{FlowId{3}, server});
  ASSERT_TRUE(run_until([&] { return user.heard<FlowFailed>(FlowId{3}) != nullptr; }));
  EXPECT_EQ(user.heard<FlowFailed>(FlowId{3})->error, std::errc::address_in_use);
}

TEST_F(Streams, TellOfCongestionAndOfItsEndAndLoseNothing) {
  connect(listen());
  // Nobody reads while nobody runs the executor, so that the kernel's buffers fill up.
  const std::string part(1400, 'x');
  std::size_t sent = 0;
  while (user.heard<FlowCongested>(client) == nullptr) {
    for (int i = 0; i < 1000; ++i, sent += part.size()) send(client, part);
    ASSERT_LT(sent, std::size_t{64} << 20);
    // Only the report is let through: one handler at a time, and stop at once.
    io.poll_one();
    if (user.heard<FlowFailed>(client) != nullptr) GTEST_FAIL() << "the stream broke";
  }
  EXPECT_TRUE(run_until([&] { return user.heard<FlowWritable>(client) != nullptr; }));
  EXPECT_TRUE(run_until([&] { return user.received[first_accepted_flow].size() == sent; }));
}

TEST_F(Streams, BreakRatherThanGrowWithoutEnd) {
  connect(listen());
  const std::string part(1400, 'x');
  for (std::size_t sent = 0; sent < io::max_backlog_bytes + (std::size_t{64} << 20); sent += part.size()) {
    send(client, part);
  }
  ASSERT_TRUE(run_until([&] { return user.heard<FlowFailed>(client) != nullptr; }));
  EXPECT_EQ(user.heard<FlowFailed>(client)->error, std::errc::no_buffer_space);
}

TEST_F(Streams, MayBeClosedFromInsideADelivery) {
  connect(listen());
  user.on_bytes = [&](FlowId flow) { network.request(id, CloseFlow{flow}); };
  send(client, "once");
  EXPECT_TRUE(run_until([&] { return user.heard<FlowClosed>(client) != nullptr; }));
  EXPECT_EQ(user.received[first_accepted_flow], "once");
}

TEST_F(Streams, AreGoneWithTheirUser) {
  connect(listen());
  User other;
  const auto other_id = network.attach(other);
  network.request(other_id, Connect{client, {}, user.heard<FlowOpened>(listener)->local});
  EXPECT_TRUE(run_until([&] { return other.heard<FlowOpened>(client) != nullptr; }));
  network.detach(other_id);
  const FlowId accepted{first_accepted_flow.value + 1};
  EXPECT_TRUE(run_until([&] { return user.heard<FlowClosed>(accepted) != nullptr; }));
}

TEST_F(Streams, JoinAMulticastGroupAndHearTheirOwnHost) {
  const Endpoint group = Endpoint::v4(239, 255, 41, 17, 25353);
  const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
  network.request(id, JoinMulticast{FlowId{5}, group, loopback});
  network.request(id, JoinMulticast{FlowId{6}, group, loopback});
  ASSERT_TRUE(run_until([&] {
    return user.heard<FlowOpened>(FlowId{5}) != nullptr && user.heard<FlowOpened>(FlowId{6}) != nullptr;
  })) << "two may share the port";
  std::vector<Transmit> transmits;
  transmits.push_back({FlowId{5}, group, PacketBuffer::copy_of(as_bytes("hello")).value()});
  EXPECT_EQ(network.send(id, transmits), 1u);
  EXPECT_TRUE(
      run_until([&] { return user.received[FlowId{5}] == "hello" && user.received[FlowId{6}] == "hello"; }));
}

}  // namespace
}  // namespace petrel::inline v0
