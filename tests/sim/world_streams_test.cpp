// TCP between cores: what applications can tell of it.

#include <gtest/gtest.h>

#include <string_view>

#include "petrel/sim/world.hpp"
#include "support/talker.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;
using testing::Talker;

static_assert(FlowCore<Talker>);

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

// Bytes that tell where they belong.
std::vector<std::byte> text_of(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761u) >> 16);
  return bytes;
}

constexpr FlowId listener{1};
constexpr FlowId connection{2};

// A client, perhaps behind a NAT, and a server that listens at port 443.
struct Pair {
  World world;
  HostId client_host;
  HostId server_host = world.add_host({.name = "server", .addresses = {ip("192.0.2.1"), ip("2001:db8::1")}});
  Talker client;
  Talker server;

  explicit Pair(std::uint64_t seed, LinkConfig link = {}, std::optional<NatConfig> nat = std::nullopt)
      : world(seed, link) {
    const SiteId home = nat ? world.add_nat(*nat, {ip("203.0.113.1")}) : internet;
    client_host =
        world.add_host({.name = "client", .addresses = {ip("192.0.2.9"), ip("2001:db8::9")}, .site = home});
    world.attach(client_host, client);
    world.attach(server_host, server);
    server.request(Listen{listener, at("192.0.2.1:443")});
    world.run_for(0s);
  }

  bool connect(Duration limit = 10min) {
    client.request(Connect{connection, {}, at("192.0.2.1:443")});
    return world.run_until([this] { return !client.flow(connection).changes.empty(); }, limit) && opened();
  }
  bool opened() { return std::holds_alternative<FlowOpened>(client.flow(connection).changes.at(0)); }
  Talker::Heard& at_server() { return server.flow(first_accepted_flow); }
  Talker::Heard& at_client() { return client.flow(connection); }
};

TEST(Stream, WaitsForWhoIsPausedAndLosesNothingOverEverySeed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Pair pair(seed, {.latency = 10ms, .loss_percent = 5});
    ASSERT_TRUE(pair.connect());
    pair.world.run_until([&] { return !pair.server.accepted().empty(); }, 1min);
    pair.server.request(PauseFlow{first_accepted_flow});
    pair.world.run_for(0s);
    const auto text = text_of(400'000);
    pair.client.send(connection, text);
    pair.client.request(CloseFlow{connection});
    pair.world.run_for(10min);
    EXPECT_TRUE(pair.at_server().bytes.empty()) << seed;
    pair.server.request(ResumeFlow{first_accepted_flow});
    ASSERT_TRUE(pair.world.run_until([&] { return pair.at_server().count<FlowClosed>() == 1; }, 10min))
        << seed;
    EXPECT_EQ(pair.at_server().bytes, text) << seed;
  }
}

TEST(Stream, LeavesFromThePortOfAListenerThatSaysSo) {
  Pair pair(1);
  pair.client.request(Listen{listener, at("192.0.2.9:5000"), true});
  pair.client.request(Connect{connection, at("192.0.2.9:5000"), at("192.0.2.1:443"), true});
  pair.client.request(Connect{FlowId{3}, at("192.0.2.9:5000"), at("192.0.2.1:444")});
  ASSERT_TRUE(pair.world.run_until([&] { return !pair.server.accepted().empty(); }, 1min));
  EXPECT_EQ(std::get<FlowAccepted>(pair.at_server().changes.at(0)).remote, at("192.0.2.9:5000"));
  EXPECT_TRUE(pair.client.flow(FlowId{3}).failed_with(std::errc::address_in_use));
  pair.server.request(Connect{FlowId{3}, {}, at("192.0.2.9:5000")});
  EXPECT_TRUE(pair.world.run_until([&] { return pair.client.accepted().size() == 1; }, 1min));
}

TEST(Stream, OpensAfterOneRoundTripAndNamesBothEnds) {
  Pair pair(1, {.latency = 25ms});

  ASSERT_TRUE(pair.connect());

  EXPECT_EQ(pair.world.now(), TimePoint(50ms));
  const auto opened = pair.at_client().last<FlowOpened>();
  EXPECT_EQ(opened->local, at("192.0.2.9:49152"));
  EXPECT_EQ(opened->remote, at("192.0.2.1:443"));
  pair.world.run_for(25ms);
  const auto accepted = pair.at_server().last<FlowAccepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->listener, listener);
  EXPECT_EQ(accepted->local, at("192.0.2.1:443"));
  EXPECT_EQ(accepted->remote, at("192.0.2.9:49152"));
}

TEST(Stream, GoesOverIpv6) {
  Pair pair(1);
  pair.server.request(Listen{FlowId{7}, at("[::]:443")});
  pair.client.request(Connect{connection, at("[::]:0"), at("[2001:db8::1]:443")});
  pair.world.run_for(1s);
  EXPECT_EQ(pair.at_client().last<FlowOpened>()->local.address, ip("2001:db8::9"));
}

TEST(Stream, CarriesBothDirectionsWhole) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  const auto question = text_of(3000), answer = text_of(200'000);

  pair.client.send(connection, question);
  pair.world.run_for(1s);
  pair.server.send(first_accepted_flow, answer);
  pair.world.run_for(5s);

  EXPECT_EQ(pair.at_server().bytes, question);
  EXPECT_EQ(pair.at_client().bytes, answer);
}

TEST(Stream, ArrivesWholeAndInOrderWhateverTheLineDoes) {
  const auto text = text_of(100'000);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Pair pair(seed, {.jitter = 20ms, .loss_percent = 20, .duplicate_percent = 10, .reorder_percent = 10});
    ASSERT_TRUE(pair.connect()) << "seed " << seed;
    pair.client.send(connection, text);
    pair.client.request(CloseFlow{connection});
    EXPECT_TRUE(pair.world.run_until([&] { return pair.at_server().count<FlowClosed>() == 1; }, 30min))
        << "seed " << seed;
    EXPECT_EQ(pair.at_server().bytes, text) << "seed " << seed;
    EXPECT_TRUE(pair.at_server().last<FlowClosed>()) << "seed " << seed;
  }
}

TEST(Stream, WaitsForWhatWasLostBeforeItDeliversWhatCameAfter) {
  Pair pair(1, {.latency = 50ms});
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  const std::uint64_t next = pair.world.stats().sent;
  pair.world.set_tap([=](std::uint64_t index, const Packet&) { return Fate{.drop = index == next}; });
  const TimePoint sent = pair.world.now();

  pair.client.send(connection, text_of(10));  // Lost, and sent again a timeout later.
  pair.client.send(connection, text_of(10));
  pair.world.run_for(10s);

  EXPECT_EQ(pair.at_server().bytes.size(), 20u);
  ASSERT_FALSE(pair.at_server().times.empty());
  EXPECT_GE(pair.at_server().times[0] - sent, Duration(250ms));
  EXPECT_LE(pair.at_server().times[0] - sent, Duration(600ms));
  EXPECT_EQ(pair.at_server().times.back(), pair.at_server().times[0]);
}

TEST(Stream, RepairsALossInAFullPipeWithinAboutARoundTrip) {
  Pair pair(1, {.latency = 50ms});
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  const std::uint64_t next = pair.world.stats().sent;
  pair.world.set_tap([=](std::uint64_t index, const Packet&) { return Fate{.drop = index == next + 2}; });
  const TimePoint sent = pair.world.now();

  pair.client.send(connection, text_of(10 * 1200));
  pair.world.run_until([&] { return pair.at_server().bytes.size() == 12'000; }, 10s);

  EXPECT_EQ(pair.world.now() - sent, Duration(150ms));  // Three duplicates came back, and it left again.
}

TEST(Stream, TakesTheRateOfTheLine) {
  Pair pair(1, {.latency = 10ms, .bits_per_second = 8'000'000, .queue = 100ms});
  ASSERT_TRUE(pair.connect());
  const auto text = text_of(5'000'000);
  const TimePoint sent = pair.world.now();
  pair.client.send(connection, text);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.at_server().bytes.size() == text.size(); }, 60s));

  const Duration took = pair.world.now() - sent;
  EXPECT_GT(took, Duration(5s));  // A megabyte a second, headers not counted.
  EXPECT_LT(took, Duration(7s));
}

TEST(Stream, TellsItsSenderWhenItGrowsLongAndWhenThereIsRoomAgain) {
  Pair pair(1, {.latency = 10ms, .bits_per_second = 8'000'000});
  ASSERT_TRUE(pair.connect());
  pair.client.send(connection, text_of(64 * 1024));
  pair.world.run_for(1us);
  EXPECT_EQ(pair.at_client().count<FlowCongested>(), 0);
  pair.client.send(connection, text_of(1));
  pair.world.run_for(1us);
  EXPECT_EQ(pair.at_client().count<FlowCongested>(), 1);
  EXPECT_EQ(pair.at_client().count<FlowWritable>(), 0);

  pair.world.run_for(5s);
  EXPECT_TRUE(pair.at_client().last<FlowWritable>());
  EXPECT_EQ(pair.at_client().count<FlowCongested>(), 1);
}

TEST(Stream, IsRefusedWhereNobodyListens) {
  Pair pair(1, {.latency = 25ms});
  pair.client.request(Connect{connection, {}, at("192.0.2.1:80")});
  pair.world.run_for(50ms);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::connection_refused));
}

TEST(Stream, TimesOutWhereNobodyAnswers) {
  Pair pair(1);
  pair.client.request(Connect{connection, {}, at("198.51.100.77:443")});
  pair.world.run_for(127s - 1ns);
  EXPECT_TRUE(pair.at_client().changes.empty());
  pair.world.run_for(1ns);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::timed_out));
}

TEST(Stream, FailsOnAnAddressThatTheHostHasNot) {
  Pair pair(1);
  pair.client.request(Connect{connection, at("192.0.2.77:0"), at("192.0.2.1:443")});
  pair.client.request(Listen{FlowId{3}, at("192.0.2.77:0")});
  pair.world.run_for(0s);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::address_not_available));
  EXPECT_TRUE(pair.client.flow(FlowId{3}).failed_with(std::errc::address_not_available));
}

TEST(Stream, BreaksWhenItsOtherEndIsOutOfReachForAQuarterOfAnHour) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  pair.world.remove_address(pair.server_host, ip("192.0.2.1"));
  pair.client.send(connection, text_of(10));
  pair.world.run_for(10min);
  EXPECT_EQ(pair.at_client().count<FlowFailed>(), 0);
  pair.world.run_for(10min);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::timed_out));
}

TEST(Stream, IsResetWhenTheOtherHostHasForgottenIt) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  // Its process ended, and the news of it was lost.
  pair.world.set_tap([](std::uint64_t, const Packet& packet) { return Fate{.drop = packet.tcp.fin}; });
  pair.world.detach(&pair.server);
  pair.world.run_for(1h);
  pair.world.set_tap({});
  pair.client.send(connection, text_of(10));
  pair.world.run_for(1s);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::connection_reset));
}

TEST(Stream, EndsInOrderBehindAllThatWasSent) {
  Pair pair(1, {.latency = 10ms, .bits_per_second = 1'000'000});
  ASSERT_TRUE(pair.connect());
  const auto text = text_of(50'000);
  pair.client.send(connection, text);
  pair.world.run_for(0s);
  pair.client.request(CloseFlow{connection});
  pair.world.run_for(10s);
  EXPECT_EQ(pair.at_server().bytes, text);
  EXPECT_TRUE(pair.at_server().last<FlowClosed>());
  EXPECT_EQ(pair.at_client().count<FlowClosed>(), 0);  // It closed it itself: there is no answer.
}

TEST(Stream, TakesWhatItsCoreSentBeforeItHeardOfTheEnd) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  pair.server.request(CloseFlow{first_accepted_flow});
  pair.world.run_for(1s);
  ASSERT_TRUE(pair.at_client().last<FlowClosed>());
  pair.client.send(connection, text_of(10));
  EXPECT_NO_THROW(pair.world.run_for(1s));
}

TEST(Stream, OfAProcessThatEndsIsClosed) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  pair.world.detach(&pair.client);
  pair.world.run_for(1s);
  EXPECT_TRUE(pair.at_server().last<FlowClosed>());
}

TEST(Stream, NumbersAcceptedFlowsAndGoesOnWhenTheListenerEnds) {
  Pair pair(1);
  ASSERT_TRUE(pair.connect());
  pair.client.request(Connect{FlowId{3}, {}, at("192.0.2.1:443")});
  pair.world.run_for(1s);
  EXPECT_EQ(pair.server.accepted(),
            (std::vector{first_accepted_flow, FlowId{first_accepted_flow.value + 1}}));

  pair.server.request(CloseFlow{listener});
  pair.world.run_for(1s);
  pair.client.send(FlowId{3}, text_of(10));
  pair.client.request(Connect{FlowId{4}, {}, at("192.0.2.1:443")});
  pair.world.run_for(1s);

  EXPECT_EQ(pair.server.flow(FlowId{first_accepted_flow.value + 1}).bytes, text_of(10));
  EXPECT_TRUE(pair.client.flow(FlowId{4}).failed_with(std::errc::connection_refused));
}

TEST(Stream, IsTheSameForTheSameSeed) {
  const auto trace = [](std::uint64_t seed) {
    Pair pair(seed, {.jitter = 5ms, .loss_percent = 10});
    pair.connect();
    pair.client.send(connection, text_of(50'000));
    pair.world.run_for(1min);
    return pair.world.trace_hash();
  };
  EXPECT_EQ(trace(3), trace(3));
  EXPECT_NE(trace(3), trace(4));
}

// ---- NATs and firewalls -----------------------------------------------------

TEST(StreamTraversal, ConnectsOutThroughEveryNat) {
  for (const NatConfig& nat : {NatConfig::full_cone(), NatConfig::port_restricted(), NatConfig::symmetric(),
                               NatConfig::udp_blocked(), NatConfig::only_tcp_443()}) {
    Pair pair(1, {}, nat);
    ASSERT_TRUE(pair.connect());
    pair.client.send(connection, text_of(5000));
    pair.world.run_for(1s);
    EXPECT_EQ(pair.at_server().bytes, text_of(5000));
    EXPECT_EQ(std::get<FlowAccepted>(pair.at_server().changes.at(0)).remote.address, ip("203.0.113.1"));
  }
}

TEST(StreamTraversal, TimesOutAtAPortThatTheFirewallDoesNotAllow) {
  Pair pair(1, {}, NatConfig::only_tcp_443());
  pair.server.request(Listen{FlowId{7}, at("192.0.2.1:3478")});
  pair.client.request(Connect{connection, {}, at("192.0.2.1:3478")});
  pair.world.run_for(10min);
  EXPECT_TRUE(pair.at_client().failed_with(std::errc::timed_out));
  EXPECT_GT(pair.world.stats().filtered, 0u);
}

TEST(StreamTraversal, DoesNotComeInThroughANatNotEvenOneThatIsOpenForUdp) {
  Pair pair(1, {}, NatConfig::full_cone());
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(1s);
  const Endpoint outside = std::get<FlowAccepted>(pair.at_server().changes.at(0)).remote;
  pair.server.request(Connect{FlowId{3}, {}, outside});
  pair.world.run_for(10min);
  EXPECT_TRUE(pair.server.flow(FlowId{3}).failed_with(std::errc::timed_out));
}

TEST(StreamTraversal, LosesTheConnectionWhenTheNatForgetsIt) {
  Pair pair(1, {}, NatConfig::port_restricted());
  ASSERT_TRUE(pair.connect());
  pair.world.run_for(2h);
  pair.server.send(first_accepted_flow, text_of(10));
  pair.world.run_for(1s);
  EXPECT_EQ(pair.at_client().bytes, text_of(10));  // RFC 5382 5: it lives for two hours and four minutes.

  pair.world.run_for(125min);
  pair.server.send(first_accepted_flow, text_of(10));
  pair.world.run_for(1min);
  EXPECT_EQ(pair.at_client().bytes, text_of(10));
}

}  // namespace
}  // namespace petrel::inline v0::sim
