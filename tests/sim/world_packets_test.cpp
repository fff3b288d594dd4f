// Multicast, captures, and interfaces that come and go.

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/sim/world.hpp"
#include "support/bytes_literal.hpp"
#include "support/talker.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;
using testing::hex;
using testing::Talker;

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

const std::vector<std::byte> word = hex("cafe");
const Endpoint group = at("224.0.0.251:5353");
constexpr FlowId flow{1};

// Two hosts at home, one outside.
struct Home {
  World world{1};
  SiteId home = world.add_nat(NatConfig::full_cone(), {ip("203.0.113.1")});
  HostId a_host = world.add_host({.name = "a", .addresses = {ip("10.0.0.1")}, .site = home});
  HostId b_host = world.add_host({.name = "b", .addresses = {ip("10.0.0.2")}, .site = home});
  HostId c_host = world.add_host({.name = "c", .addresses = {ip("192.0.2.3")}});
  Talker a, b, c, a_too;

  Home() {
    world.attach(a_host, a);
    world.attach(b_host, b);
    world.attach(c_host, c);
    world.attach(a_host, a_too);
  }
};

TEST(Multicast, ReachesAllMembersInTheSiteAndNobodyElse) {
  Home home;
  home.a.request(JoinMulticast{flow, group, ip("10.0.0.1")});
  home.a_too.request(JoinMulticast{flow, group, ip("10.0.0.1")});
  home.b.request(JoinMulticast{flow, group, ip("10.0.0.2")});
  home.c.request(JoinMulticast{flow, group, ip("192.0.2.3")});
  home.world.run_for(0s);
  EXPECT_EQ(home.a.flow(flow).last<FlowOpened>()->local, at("10.0.0.1:5353"));

  home.a.send(flow, word, group);
  home.world.run_for(1s);

  EXPECT_EQ(home.b.flow(flow).bytes, word);
  EXPECT_EQ(home.a_too.flow(flow).bytes, word);
  EXPECT_EQ(home.a.flow(flow).bytes, word);  // Its own, as a socket does by default.
  EXPECT_TRUE(home.c.flow(flow).bytes.empty());
}

TEST(Multicast, IsHeardByMembersOfTheGroupOnly) {
  Home home;
  home.a.request(JoinMulticast{flow, group, ip("10.0.0.1")});
  home.b.request(BindUdp{flow, at("10.0.0.2:5353")});
  home.world.run_for(0s);
  home.a.send(flow, word, group);
  home.world.run_for(1s);
  EXPECT_TRUE(home.b.flow(flow).bytes.empty());

  // What is sent to the member alone reaches it by the same flow.
  home.b.send(flow, word, at("10.0.0.1:5353"));
  home.world.run_for(1s);
  EXPECT_EQ(home.a.flow(flow).bytes, hex("cafecafe"));
}

TEST(Multicast, NeedsAGroupAndAnInterface) {
  Home home;
  home.a.request(JoinMulticast{FlowId{1}, at("10.0.0.7:5353"), ip("10.0.0.1")});
  home.a.request(JoinMulticast{FlowId{2}, group, ip("10.0.0.9")});
  home.a.request(BindUdp{FlowId{3}, at("0.0.0.0:5353")});
  home.a.request(JoinMulticast{FlowId{4}, group, ip("10.0.0.1")});
  home.world.run_for(0s);
  EXPECT_TRUE(home.a.flow(FlowId{1}).failed_with(std::errc::invalid_argument));
  EXPECT_TRUE(home.a.flow(FlowId{2}).failed_with(std::errc::address_not_available));
  EXPECT_TRUE(home.a.flow(FlowId{4}).failed_with(std::errc::address_in_use));
}

TEST(Multicast, EndsWithTheFlow) {
  Home home;
  home.a.request(JoinMulticast{flow, group, ip("10.0.0.1")});
  home.b.request(JoinMulticast{flow, group, ip("10.0.0.2")});
  home.world.run_for(0s);
  home.b.request(CloseFlow{flow});
  home.a.send(flow, word, group);
  home.world.run_for(1s);
  EXPECT_TRUE(home.b.flow(flow).bytes.empty());
}

TEST(Interfaces, AreToldWhenTheyChange) {
  Home home;
  home.world.run_for(0s);
  EXPECT_EQ(home.a.interface_changes(), 0);

  home.world.add_address(home.a_host, ip("2001:db8::1"));
  EXPECT_EQ(home.a.interfaces(),
            (std::vector<LocalAddress>{{ip("10.0.0.1"), "eth0"}, {ip("2001:db8::1"), "eth0"}}));
  home.world.set_up(home.a_host, "eth0", false);
  EXPECT_TRUE(home.a.interfaces().empty());
  home.world.set_up(home.a_host, "eth0", true);
  EXPECT_EQ(home.a.interfaces().size(), 2u);
  EXPECT_EQ(home.b.interface_changes(), 0);
}

TEST(Interfaces, AreToldAtTheBeginningWhereTheHostAnnouncesThem) {
  World world(1);
  const HostId host =
      world.add_host({.name = "a", .addresses = {ip("10.0.0.1")}, .announces_addresses = true});
  Talker core;
  world.attach(host, core);
  EXPECT_EQ(core.interfaces(), (std::vector<LocalAddress>{{ip("10.0.0.1"), "eth0"}}));
}

TEST(Interfaces, CarryNothingWhileTheyAreDown) {
  Home home;
  home.a.request(BindUdp{flow, at("10.0.0.1:1000")});
  home.b.request(BindUdp{flow, at("10.0.0.2:2000")});
  home.world.run_for(0s);
  home.world.set_up(home.a_host, "eth0", false);
  home.a.send(flow, word, at("10.0.0.2:2000"));
  home.b.send(flow, word, at("10.0.0.1:1000"));
  home.world.run_for(1s);
  EXPECT_TRUE(home.a.flow(flow).bytes.empty());
  EXPECT_TRUE(home.b.flow(flow).bytes.empty());

  home.world.set_up(home.a_host, "eth0", true);
  home.b.send(flow, word, at("10.0.0.1:1000"));
  home.world.run_for(1s);
  EXPECT_EQ(home.a.flow(flow).bytes, word);
}

// The types of the blocks, in order.
std::vector<std::uint32_t> block_types(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::vector<std::uint32_t> types;
  for (ByteReader reader(as_bytes(text)); reader.remaining() > 0;) {
    types.push_back(reader.u32());
    reader.skip(reader.u32() - 8);
  }
  return types;
}

TEST(Capture, HasEveryPacketOnBothSidesAndSecretsWhereTheyCame) {
  const std::string path = ::testing::TempDir() + "petrel_sim_capture.pcapng";
  {
    Home home;
    ASSERT_TRUE(home.world.capture(path));
    home.a.request(BindUdp{flow, at("10.0.0.1:1000")});
    home.b.request(BindUdp{flow, at("10.0.0.2:2000")});
    home.world.run_for(0s);
    home.a.send(flow, word, at("10.0.0.2:2000"));
    home.world.run_for(1s);
    home.world.add_secret("CLIENT_RANDOM 00 00");
    home.a.send(flow, word, at("192.0.2.77:1"));  // Arrives nowhere.
    home.world.run_for(1s);
  }
  EXPECT_EQ(block_types(path), (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6, 1, 6, 10, 6}));
  std::remove(path.c_str());
}

TEST(Capture, SaysWhatIsWrongWithAPath) {
  World world(1);
  EXPECT_EQ(world.capture("/nowhere/at/all.pcapng").error(), std::errc::no_such_file_or_directory);
  EXPECT_NO_THROW(world.add_secret("ignored"));
}

// A telephone leaves the house: what is bound to its mobile network goes that way, with that latency.
TEST(Interfaces, LeaveByTheirOwnLinesIntoTheirOwnSites) {
  Home home;
  const SiteId carrier = home.world.add_nat(NatConfig::symmetric(), {ip("203.0.113.9")});
  home.world.add_interface(home.a_host, {.name = "rmnet0",
                                         .addresses = {ip("100.64.0.5")},
                                         .site = carrier,
                                         .uplink = LinkConfig{.latency = 60ms}});
  home.c.request(BindUdp{flow, at("192.0.2.3:3000")});
  home.a.request(BindUdp{FlowId{1}, at("10.0.0.1:1000")});
  home.a.request(BindUdp{FlowId{2}, at("100.64.0.5:1000")});
  home.world.run_for(0s);
  home.world.set_up(home.a_host, "eth0", false);

  home.a.send(FlowId{1}, word, at("192.0.2.3:3000"));
  home.a.send(FlowId{2}, word, at("192.0.2.3:3000"));
  home.world.run_for(1s);

  EXPECT_EQ(home.c.flow(flow).times, std::vector{TimePoint(60ms)});
  EXPECT_EQ(home.a.interfaces(), (std::vector<LocalAddress>{{ip("100.64.0.5"), "rmnet0"}}));
  EXPECT_EQ(home.world.uplink(home.a_host, "rmnet0").config().latency, Duration(60ms));
  EXPECT_THROW(home.world.uplink(home.a_host, "wlan7"), std::out_of_range);
}

// ---- Marks --------------------------------------------------------------------------------

// Sends what it is given, and keeps the marks of what comes.
struct Marked {
  using Event = int;

  std::vector<Ecn> ecn;
  std::deque<IoRequest> requests;
  std::deque<Transmit> transmits;

  bool handle_datagram(TimePoint, const Datagram& datagram) {
    ecn.push_back(datagram.ecn);
    return true;
  }
  void handle_flow(TimePoint, FlowId, const FlowChange&) {}
  void handle_timeout(TimePoint) {}
  std::optional<TimePoint> next_timeout() const { return std::nullopt; }
  std::optional<IoRequest> poll_request() { return take(requests); }
  std::optional<Transmit> poll_transmit() { return take(transmits); }
  std::optional<int> poll_event() { return std::nullopt; }

  template <class Item>
  static std::optional<Item> take(std::deque<Item>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<Item> item(std::move(queue.front()));
    queue.pop_front();
    return item;
  }
};

std::vector<Ecn> through_a_busy_line(Ecn sent) {
  // 1,028 bytes take 8.2 ms: the first two wait no longer than 10 ms.
  World world(1, {.bits_per_second = 1'000'000, .queue = 1s, .mark_beyond = 10ms});
  const HostId a = world.add_host({.name = "a", .addresses = {ip("192.0.2.1")}});
  const HostId b = world.add_host({.name = "b", .addresses = {ip("192.0.2.2")}});
  Marked from, to;
  from.requests.push_back(BindUdp{flow, at("192.0.2.1:1000")});
  to.requests.push_back(BindUdp{flow, at("192.0.2.2:2000")});
  world.attach(a, from);
  world.attach(b, to);
  std::vector<std::uint8_t> dscp;
  world.set_tap([&](std::uint64_t, const Packet& packet) {
    dscp.push_back(packet.dscp);
    return Fate{};
  });
  world.run_for(0s);
  for (int i = 0; i < 4; ++i) {
    from.transmits.push_back(
        {flow, at("192.0.2.2:2000"), PacketBuffer::copy_of(std::vector<std::byte>(1000)).value(), 46, sent});
  }
  world.run_for(1s);
  EXPECT_EQ(dscp, std::vector<std::uint8_t>(4, 46));
  world.detach(&from);
  world.detach(&to);
  return to.ecn;
}

TEST(Marks, SayThatALineIsBusyToWhoUnderstandsIt) {
  EXPECT_EQ(through_a_busy_line(Ecn::not_ect), std::vector(4, Ecn::not_ect));
  EXPECT_EQ(through_a_busy_line(Ecn::ect0), (std::vector{Ecn::ect0, Ecn::ect0, Ecn::ce, Ecn::ce}));
  EXPECT_EQ(through_a_busy_line(Ecn::ect1), (std::vector{Ecn::ect1, Ecn::ect1, Ecn::ce, Ecn::ce}));
}

}  // namespace
}  // namespace petrel::inline v0::sim
