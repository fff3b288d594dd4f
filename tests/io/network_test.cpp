#include "petrel/io/network.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <vector>

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

struct User final : io::NetworkUser {
  std::function<void()> on_any = [] {};
  std::vector<std::vector<std::byte>> payloads;
  std::optional<Endpoint> opened;
  std::optional<std::error_code> failed;
  std::optional<std::vector<IpAddress>> resolved;
  int timeouts = 0;
  bool gone = false;

  void on_datagrams(std::span<const Datagram> datagrams) override {
    for (const Datagram& each : datagrams) payloads.emplace_back(each.payload.begin(), each.payload.end());
    on_any();
  }
  void on_flow(FlowId, const FlowChange& change) override {
    if (const auto* flow = std::get_if<FlowOpened>(&change)) opened = flow->local;
    if (const auto* flow = std::get_if<FlowFailed>(&change)) failed = flow->error;
    on_any();
  }
  void on_resolved(std::uint32_t, std::span<const IpAddress> addresses) override {
    resolved.emplace(addresses.begin(), addresses.end());
    on_any();
  }
  void on_timeout() override {
    ++timeouts;
    on_any();
  }
  void on_writable() override {}
  void on_network_gone() override { gone = true; }
};

void run_until(asio::io_context& io, const std::function<bool()>& done) {
  while (!done() && io.run_one_for(5s) != 0) continue;
}

TEST(Network, BindsAndCarriesDatagrams) {
  asio::io_context io(1);
  Network network(io.get_executor());
  User user;
  const auto id = network.attach(user);
  network.request(id, BindUdp{FlowId{1}, Endpoint::v4(127, 0, 0, 1, 0)});
  EXPECT_FALSE(user.opened) << "the answer came from inside the request";
  run_until(io, [&] { return user.opened.has_value(); });
  ASSERT_TRUE(user.opened);

  std::vector<Transmit> transmits;
  transmits.push_back({FlowId{1}, *user.opened, PacketBuffer::copy_of(as_bytes("hello")).value()});
  EXPECT_EQ(network.send(id, transmits), 1u);
  run_until(io, [&] { return !user.payloads.empty(); });
  ASSERT_EQ(user.payloads.size(), 1u);
  EXPECT_EQ(as_text(user.payloads[0]), "hello");
  network.detach(id);
}

TEST(Network, SaysThatAFlowCannotBeOpened) {
  asio::io_context io(1);
  Network network(io.get_executor());
  User user;
  const auto id = network.attach(user);
  network.request(id, BindUdp{FlowId{1}, Endpoint::v4(192, 0, 2, 1, 0)});
  run_until(io, [&] { return user.failed.has_value(); });
  ASSERT_TRUE(user.failed);
  EXPECT_EQ(*user.failed, std::errc::address_not_available);
  network.detach(id);
}

TEST(Network, ResolvesNamesAndSaysNothingForUnknownOnes) {
  asio::io_context io(1);
  Network network(io.get_executor());
  User user;
  const auto id = network.attach(user);
  network.request(id, Resolve{1, "localhost"});
  run_until(io, [&] { return user.resolved.has_value(); });
  ASSERT_TRUE(user.resolved);
  ASSERT_FALSE(user.resolved->empty());
  EXPECT_TRUE(user.resolved->front().is_loopback());
  network.detach(id);
}

TEST(Network, TellsTheTimeWhenItIsDue) {
  asio::io_context io(1);
  User first;
  User second;
  Network network(io.get_executor());
  const auto first_id = network.attach(first);
  const auto second_id = network.attach(second);
  const TimePoint start = network.now();
  network.set_timeout(first_id, start + 20ms);
  network.set_timeout(second_id, start + 10ms);
  network.set_timeout(first_id, start + 5ms);
  run_until(io, [&] { return first.timeouts + second.timeouts == 2; });
  EXPECT_EQ(first.timeouts, 1);
  EXPECT_EQ(second.timeouts, 1);
  EXPECT_GE(network.now(), start + 10ms);
}

TEST(Network, ForgetsAUserThatLeftInTheMiddle) {
  asio::io_context io(1);
  Network network(io.get_executor());
  User user;
  const auto id = network.attach(user);
  network.request(id, BindUdp{FlowId{1}, Endpoint::v4(127, 0, 0, 1, 0)});
  network.request(id, Resolve{1, "localhost"});
  network.set_timeout(id, network.now());
  network.detach(id);
  io.run();
  EXPECT_FALSE(user.opened);
  EXPECT_FALSE(user.resolved);
  EXPECT_EQ(user.timeouts, 0);
}

TEST(Network, LetsAUserLeaveFromInsideACallOfItsOwn) {
  asio::io_context io(1);
  Network network(io.get_executor());
  User user;
  const auto id = network.attach(user);
  user.on_any = [&] { network.detach(id); };
  network.request(id, BindUdp{FlowId{1}, Endpoint::v4(127, 0, 0, 1, 0)});
  io.run();
  EXPECT_TRUE(user.opened);
}

TEST(Network, TellsItsUsersWhenItGoes) {
  asio::io_context io(1);
  User user;
  {
    Network network(io.get_executor());
    const auto id = network.attach(user);
    network.request(id, BindUdp{FlowId{1}, Endpoint::v4(127, 0, 0, 1, 0)});
  }
  EXPECT_TRUE(user.gone);
  io.run();
  EXPECT_FALSE(user.opened);
}

TEST(Network, OutlivesItsContext) {
  User user;
  std::optional<Network> network;
  {
    asio::io_context io(1);
    network.emplace(io.get_executor());
    const auto id = network->attach(user);
    network->request(id, BindUdp{FlowId{1}, Endpoint::v4(127, 0, 0, 1, 0)});
    network->set_timeout(id, network->now() + 1h);
    io.poll();
  }
  EXPECT_TRUE(user.gone);
}

TEST(Network, GivesOneInstantOnBothClocks) {
  asio::io_context io(1);
  Network network(io.get_executor());
  const ClockMapping clock = network.clock();
  EXPECT_LE(clock.at, network.now());
  const std::int64_t since_1970 = static_cast<std::int64_t>(clock.ntp.value >> 32) - 2'208'988'800;
  EXPECT_LE(std::abs(since_1970 - network.unix_time()), 2);
}

}  // namespace
}  // namespace petrel::inline v0
