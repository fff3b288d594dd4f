#include "petrel/sim/world.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/bytes_literal.hpp"
#include "support/prober.hpp"
#include "support/talker.hpp"

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;
using testing::hex;
using testing::Prober;

static_assert(FlowCore<Prober>);

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

const std::vector<std::byte> word = hex("cafe");

// Two hosts on the open internet, and what they heard.
struct Pair {
  World world;
  HostId a_host = world.add_host({.name = "a", .addresses = {ip("192.0.2.1"), ip("2001:db8::1")}});
  HostId b_host = world.add_host({.name = "b", .addresses = {ip("192.0.2.2"), ip("2001:db8::2")}});
  Prober a{at("192.0.2.1:1000")};
  Prober b{at("192.0.2.2:2000")};
  std::vector<Prober::Heard> a_heard;
  std::vector<Prober::Heard> b_heard;

  explicit Pair(std::uint64_t seed, LinkConfig link = {}) : world(seed, link) {
    world.attach(a_host, a, [this](Prober::Heard& heard) { a_heard.push_back(heard); });
    world.attach(b_host, b, [this](Prober::Heard& heard) { b_heard.push_back(heard); });
  }
};

TEST(World, DeliversAfterTheLatencyOfTheLine) {
  Pair pair(1, {.latency = 25ms});

  pair.a.send(at("192.0.2.2:2000"), word);
  pair.world.run_for(25ms - 1ns);
  EXPECT_TRUE(pair.b_heard.empty());
  pair.world.run_for(1ns);

  ASSERT_EQ(pair.b_heard.size(), 1u);
  EXPECT_EQ(pair.b_heard[0].source, at("192.0.2.1:1000"));
  EXPECT_EQ(pair.b_heard[0].payload, word);
  EXPECT_EQ(pair.b_heard[0].at, TimePoint(25ms));
}

TEST(World, GivesEphemeralPortsAndRefusesWhatIsTakenOrForeign) {
  World world(1);
  const HostId host = world.add_host({.name = "a", .addresses = {ip("192.0.2.1")}});
  Prober first(at("192.0.2.1:0")), second(at("192.0.2.1:0")), any(at("0.0.0.0:49152"));
  Prober foreign(at("192.0.2.9:0"));
  for (Prober* core : {&first, &second, &any, &foreign}) world.attach(host, *core);

  world.run_for(1ms);

  EXPECT_EQ(first.local(), at("192.0.2.1:49152"));
  EXPECT_EQ(second.local(), at("192.0.2.1:49153"));
  EXPECT_EQ(any.error(), std::errc::address_in_use);
  EXPECT_EQ(foreign.error(), std::errc::address_not_available);
}

TEST(World, RunsOutOfEphemeralPorts) {
  World world(1);
  const HostId host = world.add_host({.name = "a", .addresses = {ip("192.0.2.1")}});
  testing::Talker core;
  world.attach(host, core);
  constexpr std::uint32_t ports = 65536 - 49152;
  for (std::uint32_t i = 1; i <= ports + 1; ++i) core.request(BindUdp{FlowId{i}, at("192.0.2.1:0")});
  world.run_for(0s);
  EXPECT_EQ(core.flow(FlowId{ports}).last<FlowOpened>()->local, at("192.0.2.1:65535"));
  EXPECT_TRUE(core.flow(FlowId{ports + 1}).failed_with(std::errc::address_in_use));
}

TEST(World, CarriesIpv6AndSaysWhichAddressADatagramCameTo) {
  World world(1);
  const HostId a_host = world.add_host({.name = "a", .addresses = {ip("2001:db8::1")}});
  const HostId b_host = world.add_host({.name = "b", .addresses = {ip("192.0.2.2"), ip("2001:db8::2")}});
  Prober a(at("[2001:db8::1]:0")), b(at("[::]:5000"));
  std::optional<Prober::Heard> heard;
  world.attach(a_host, a);
  world.attach(b_host, b, [&](Prober::Heard& what) { heard = what; });

  a.send(at("[2001:db8::2]:5000"), word);
  world.run_for(1s);

  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->source, at("[2001:db8::1]:49152"));
}

TEST(World, DropsWhatHasNoRouteOrNoSocket) {
  Pair pair(1);
  pair.a.send(at("198.51.100.1:9"), word);
  pair.a.send(at("192.0.2.2:9"), word);
  pair.world.run_for(1s);
  EXPECT_EQ(pair.world.stats().unroutable, 1u);
  EXPECT_EQ(pair.world.stats().refused, 1u);
  EXPECT_EQ(pair.world.stats().delivered, 0u);
}

TEST(World, ReportsWhatBecameOfThePackets) {
  Pair pair(5);
  pair.a.send(at("192.0.2.2:2000"), word);
  pair.a.send(at("198.51.100.1:9"), word);
  pair.world.run_for(1500ms);
  EXPECT_EQ(pair.world.report(),
            "seed 5, 1.500000 s: 2 packets sent, 1 delivered, 1 to addresses that nobody has");
}

TEST(World, LosesTheShareThatWasAskedFor) {
  Pair pair(3, {.loss_percent = 30});
  for (int i = 0; i < 10'000; ++i) pair.a.send(at("192.0.2.2:2000"), word);
  pair.world.run_for(1s);
  EXPECT_NEAR(static_cast<double>(pair.b_heard.size()), 7000, 200);
  EXPECT_EQ(pair.world.stats().lost + pair.world.stats().delivered, 10'000u);
}

TEST(World, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto trace = [](std::uint64_t seed) {
    Pair pair(seed, {.jitter = 5ms, .loss_percent = 20, .duplicate_percent = 5, .reorder_percent = 5});
    pair.a.probe({}, at("192.0.2.2:2000"));
    pair.b.probe({}, at("192.0.2.1:1000"));
    pair.world.run_for(1min);
    return pair.world.trace_hash();
  };
  EXPECT_EQ(trace(7), trace(7));
  std::set<std::uint64_t> different;
  for (std::uint64_t seed = 0; seed < 20; ++seed) different.insert(trace(seed));
  EXPECT_EQ(different.size(), 20u);
}

TEST(World, RunsFourHoursOfTwoProbingHosts) {
  Pair pair(1, {.loss_percent = 10});
  pair.a.probe({}, at("192.0.2.2:2000"));
  pair.b.probe({}, at("192.0.2.1:1000"));
  pair.world.run_for(4h);
  EXPECT_EQ(pair.world.now(), TimePoint(4h));
  EXPECT_EQ(pair.a.sent(), 4u * 3600 + 1);
}

TEST(World, AnswersNames) {
  Pair pair(1);
  pair.world.add_name("stun.example", {ip("192.0.2.2"), ip("2001:db8::2")});
  pair.a.resolve("stun.example");
  pair.b.resolve("nowhere.example");
  pair.world.run_for(World::resolve_delay - 1ns);
  EXPECT_FALSE(pair.a.resolved());
  pair.world.run_for(1ns);
  EXPECT_EQ(pair.a.resolved(), std::vector({ip("192.0.2.2"), ip("2001:db8::2")}));
  EXPECT_EQ(pair.b.resolved(), std::vector<IpAddress>{});
}

TEST(World, LetsATapDropCopyAndDelay) {
  Pair pair(1, {.latency = 10ms});
  pair.world.set_tap([](std::uint64_t index, const Packet&) {
    if (index == 0) return Fate{.drop = true};
    if (index == 1) return Fate{.copies = 3};
    return Fate{.delay = 1s};
  });
  for (int i = 0; i < 3; ++i) pair.a.send(at("192.0.2.2:2000"), word);
  pair.world.run_for(500ms);
  EXPECT_EQ(pair.b_heard.size(), 3u);
  pair.world.run_for(600ms);
  EXPECT_EQ(pair.b_heard.size(), 4u);
}

TEST(World, RunsUntilThePredicateHoldsAndNoFurther) {
  Pair pair(1, {.latency = 10ms});
  pair.a.probe({}, at("192.0.2.2:2000"));
  EXPECT_TRUE(pair.world.run_until([&] { return pair.b_heard.size() == 3; }, 1min));
  EXPECT_EQ(pair.world.now(), TimePoint(2s + 10ms));
  EXPECT_FALSE(pair.world.run_until([&] { return pair.b_heard.size() == 100; }, 10s));
  EXPECT_EQ(pair.world.now(), TimePoint(12s + 10ms));
}

TEST(World, CallsWhatWasPlannedAtItsTime) {
  Pair pair(1);
  std::vector<TimePoint> called;
  pair.world.after(3s, [&] { called.push_back(pair.world.now()); });
  pair.world.after(1s, [&] { called.push_back(pair.world.now()); });
  pair.world.run_for(5s);
  EXPECT_EQ(called, std::vector({TimePoint(1s), TimePoint(3s)}));
}

TEST(World, DeliversNothingToACoreThatIsGone) {
  Pair pair(1);
  pair.a.probe({}, at("192.0.2.2:2000"));
  pair.world.run_for(2s);
  pair.world.detach(&pair.b);
  const auto heard = pair.b_heard.size();
  pair.world.run_for(2s);
  EXPECT_EQ(pair.b_heard.size(), heard);
  EXPECT_GT(pair.world.stats().refused, 0u);
}

TEST(World, ReachesNobodyAtAnAddressThatWentAway) {
  Pair pair(1);
  pair.a.probe({}, at("192.0.2.2:2000"));
  pair.world.run_until([&] { return pair.b_heard.size() == 1; }, 1min);
  pair.world.remove_address(pair.b_host, ip("192.0.2.2"));
  pair.world.run_for(3s);
  EXPECT_EQ(pair.b_heard.size(), 1u);
  pair.world.add_address(pair.b_host, ip("192.0.2.2"));
  pair.world.run_for(2s);
  EXPECT_EQ(pair.b_heard.size(), 3u);
}

TEST(World, FailsTheRunForAPacketOverTheMtu) {
  Pair pair(1);
  const std::vector<std::byte> fits(1280 - 28), too_big(1280 - 27);
  pair.a.send(at("192.0.2.2:2000"), fits);
  EXPECT_NO_THROW(pair.world.run_for(1s));
  pair.a.send(at("192.0.2.2:2000"), too_big);
  EXPECT_THROW(pair.world.run_for(1s), WorldFault);

  pair.world.allow_too_big();
  pair.a.send(at("192.0.2.2:2000"), too_big);
  EXPECT_NO_THROW(pair.world.run_for(1s));
  EXPECT_EQ(pair.world.stats().too_big, 1u);
}

// Is always due, and says so.
struct HotLoop : Prober {
  using Prober::Prober;
  void handle_timeout(TimePoint) {}
  std::optional<TimePoint> next_timeout() const { return TimePoint(1s); }
};

TEST(World, FailsTheRunForAHotLoopInsteadOfHanging) {
  World world(42);
  const HostId host = world.add_host({.name = "looper", .addresses = {ip("192.0.2.1")}});
  HotLoop core(at("192.0.2.1:0"));
  world.attach(host, core);
  try {
    world.run_for(1min);
    FAIL() << "the run went on";
  } catch (const WorldFault& fault) {
    EXPECT_NE(std::string_view(fault.what()).find("seed 42, 1.0"), std::string_view::npos) << fault.what();
    EXPECT_NE(std::string_view(fault.what()).find("host looper"), std::string_view::npos) << fault.what();
  }
}

// Sends for ever in one instant.
struct Flood : Prober {
  using Prober::Prober;
  std::optional<TimePoint> next_timeout() const { return TimePoint(1s); }
  void handle_timeout(TimePoint) { send(*Endpoint::parse("192.0.2.9:9"), word); }
};

TEST(World, FailsTheRunForTimersWithoutEnd) {
  World world(1);
  const HostId host = world.add_host({.name = "flood", .addresses = {ip("192.0.2.1")}});
  Flood core(at("192.0.2.1:0"));
  world.attach(host, core);
  EXPECT_THROW(world.run_for(1min), WorldFault);
}

TEST(World, LetsAFarewellLeaveByTheFlowThatIsThenClosed) {
  Pair pair(1);
  pair.world.run_for(1s);
  pair.a.close();
  pair.a.send(at("192.0.2.2:2000"), word);
  pair.world.run_for(1s);
  EXPECT_EQ(pair.b_heard.size(), 1u);
}

TEST(World, TellsAClockTheTime) {
  Pair pair(1);
  std::vector<TimePoint> told;
  pair.world.run_for(1s);
  pair.world.on_time([&](TimePoint now) { told.push_back(now); });
  pair.world.after(1s, [] {});
  pair.world.run_for(2s);
  EXPECT_EQ(told, std::vector({TimePoint(1s), TimePoint(2s), TimePoint(3s)}));
}

TEST(World, FailsTheRunForAPacketFromAClosedFlow) {
  Pair pair(1);
  pair.world.run_for(1s);
  pair.a.close();
  pair.world.run_for(1s);
  pair.a.send(at("192.0.2.2:2000"), word);
  EXPECT_THROW(pair.world.run_for(1s), WorldFault);
}

// --- NATs -------------------------------------------------------------------

// alice behind one NAT, bob behind another; both send to what they believe to be the
// other's outside endpoint, as a rendezvous server would have told them.
bool punches_through(NatConfig alice_nat, NatConfig bob_nat, double loss_percent, std::uint64_t seed) {
  World world(seed, {.loss_percent = loss_percent});
  const SiteId alice_home = world.add_nat(alice_nat, {ip("203.0.113.1")});
  const SiteId bob_home = world.add_nat(bob_nat, {ip("203.0.113.2")});
  const HostId alice = world.add_host({.name = "alice", .addresses = {ip("10.0.0.2")}, .site = alice_home});
  const HostId bob = world.add_host({.name = "bob", .addresses = {ip("10.0.0.2")}, .site = bob_home});
  const HostId server = world.add_host({.name = "server", .addresses = {ip("192.0.2.1")}});
  Prober a(at("10.0.0.2:1000")), b(at("10.0.0.2:2000")), s(at("192.0.2.1:3478"));
  bool a_heard = false, b_heard = false;
  std::set<Endpoint> seen;
  world.attach(server, s, [&](Prober::Heard& heard) { seen.insert(heard.source); });
  // Whoever hears the other answers to where that came from: a symmetric NAT uses another
  // port towards a peer than towards the server.
  world.attach(alice, a, [&](Prober::Heard& heard) {
    if (!a_heard) a.probe(world.now(), heard.source);
    a_heard = true;
  });
  world.attach(bob, b, [&](Prober::Heard& heard) {
    if (!b_heard) b.probe(world.now(), heard.source);
    b_heard = true;
  });

  a.probe(world.now(), at("192.0.2.1:3478"));
  b.probe(world.now(), at("192.0.2.1:3478"));
  if (!world.run_until([&] { return seen.size() == 2; }, 30s)) return false;
  a.probe(world.now(), *seen.rbegin());  // 203.0.113.2 sorts behind 203.0.113.1.
  b.probe(world.now(), *seen.begin());
  return world.run_until([&] { return a_heard && b_heard; }, 60s);
}

TEST(NatTraversal, WorksExceptBetweenSymmetricAndPortRestricted) {
  struct Kind {
    const char* name;
    NatConfig config;
    int strictness;  // Two of them meet if their sum stays below 3: RFC 5128 3.3.5.
  };
  const Kind kinds[] = {{"full cone", NatConfig::full_cone(), 0},
                        {"address restricted", NatConfig::address_restricted(), 0},
                        {"port restricted", NatConfig::port_restricted(), 1},
                        {"symmetric", NatConfig::symmetric(), 2}};
  for (const Kind& a : kinds) {
    for (const Kind& b : kinds) {
      EXPECT_EQ(punches_through(a.config, b.config, 0, 1), a.strictness + b.strictness < 3)
          << a.name << " and " << b.name;
    }
  }
}

TEST(NatTraversal, OpensPortRestrictedNatsFromBothSidesInSpiteOfLoss) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    EXPECT_TRUE(punches_through(NatConfig::port_restricted(), NatConfig::port_restricted(), 30, seed))
        << "seed " << seed;
  }
}

TEST(NatTraversal, FailsBehindAFirewallThatBlocksUdp) {
  EXPECT_FALSE(punches_through(NatConfig::udp_blocked(), NatConfig::full_cone(), 0, 1));
}

// Two hosts behind one NAT that know each other's outside endpoints only.
bool hairpins(NatConfig config) {
  World world(1);
  const SiteId home = world.add_nat(config, {ip("203.0.113.1")});
  const HostId a_host = world.add_host({.name = "a", .addresses = {ip("10.0.0.1")}, .site = home});
  const HostId b_host = world.add_host({.name = "b", .addresses = {ip("10.0.0.2")}, .site = home});
  const HostId server = world.add_host({.name = "server", .addresses = {ip("192.0.2.1")}});
  Prober a(at("10.0.0.1:1000")), b(at("10.0.0.2:1000")), s(at("192.0.2.1:3478"));
  std::vector<Endpoint> seen, b_heard;
  world.attach(server, s, [&](Prober::Heard& heard) { seen.push_back(heard.source); });
  world.attach(a_host, a);
  world.attach(b_host, b, [&](Prober::Heard& heard) { b_heard.push_back(heard.source); });
  b.send(at("192.0.2.1:3478"), word);
  world.run_for(1s);
  a.send(seen.at(0), word);
  world.run_for(1s);
  if (b_heard.empty()) return false;
  // RFC 4787 6: the packet comes from the outside endpoint of its sender.
  EXPECT_EQ(b_heard[0].address, ip("203.0.113.1"));
  return true;
}

TEST(NatTraversal, HairpinsWhereTheNatDoes) {
  NatConfig config = NatConfig::full_cone();
  EXPECT_TRUE(hairpins(config));
  config.hairpinning = false;
  EXPECT_FALSE(hairpins(config));
}

TEST(NatTraversal, GoesThroughTwoNatsInARow) {
  World world(1);
  const SiteId carrier = world.add_nat(NatConfig::port_restricted(), {ip("203.0.113.1")});
  const SiteId home = world.add_nat(NatConfig::port_restricted(), {ip("100.64.0.7")}, carrier);
  const HostId alice = world.add_host({.name = "alice", .addresses = {ip("10.0.0.2")}, .site = home});
  const HostId server = world.add_host({.name = "server", .addresses = {ip("192.0.2.1")}});
  Prober a(at("10.0.0.2:1000")), s(at("192.0.2.1:3478"));
  bool answered = false;
  std::optional<Endpoint> seen;
  world.attach(alice, a, [&](Prober::Heard&) { answered = true; });
  world.attach(server, s, [&](Prober::Heard& heard) {
    seen = heard.source;
    s.send(heard.source, word);
  });
  a.send(at("192.0.2.1:3478"), word);
  EXPECT_TRUE(world.run_until([&] { return answered; }, 1s));
  EXPECT_EQ(seen->address, ip("203.0.113.1"));
}

TEST(NatTraversal, FiltersIpv6WithoutTranslatingIt) {
  World world(1);
  const SiteId home = world.add_nat(NatConfig::port_restricted(), {ip("203.0.113.1")});
  const HostId alice = world.add_host({.name = "alice", .addresses = {ip("2001:db8::2")}, .site = home});
  const HostId bob = world.add_host({.name = "bob", .addresses = {ip("2001:db8:1::1")}});
  Prober a(at("[2001:db8::2]:1000")), b(at("[2001:db8:1::1]:2000"));
  std::vector<Prober::Heard> a_heard, b_heard;
  world.attach(alice, a, [&](Prober::Heard& heard) { a_heard.push_back(heard); });
  world.attach(bob, b, [&](Prober::Heard& heard) { b_heard.push_back(heard); });

  b.send(at("[2001:db8::2]:1000"), word);
  world.run_for(1s);
  EXPECT_TRUE(a_heard.empty());
  EXPECT_EQ(world.stats().filtered, 1u);

  a.send(at("[2001:db8:1::1]:2000"), word);
  world.run_for(1s);
  ASSERT_EQ(b_heard.size(), 1u);
  EXPECT_EQ(b_heard[0].source, at("[2001:db8::2]:1000"));
  b.send(at("[2001:db8::2]:1000"), word);
  world.run_for(1s);
  EXPECT_EQ(a_heard.size(), 1u);
}

}  // namespace
}  // namespace petrel::inline v0::sim
