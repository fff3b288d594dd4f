// What a discovery finds is what the NAT is.

#include <gtest/gtest.h>

#include <string>

#include "petrel/stun/errc.hpp"
#include "petrel/stun/nat_discovery.hpp"
#include "petrel/turn_server/server.hpp"
#include "simulation/seeds.hpp"
#include "support/network.hpp"
#include "support/stun_server.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;
using sim::Dependence;
using stun::NatDependence;
using stun::NatReport;

const Endpoint server_address = Endpoint::v4(192, 0, 2, 1, 3478);
const Endpoint alternate = Endpoint::v4(192, 0, 2, 2, 3479);
const IpAddress outside = IpAddress::v4(203, 0, 113, 5);
const IpAddress inside = IpAddress::v4(192, 168, 0, 2);

struct Trial {
  std::optional<NatConfig> nat{};  ///< Absent: the host is on the internet.
  std::uint64_t seed = 1;
  double loss_percent = 0;
  bool measure_lifetime = false;
  bool has_alternate = true;
};

NatReport discover(const Trial& trial) {
  Network world(trial.seed, {.latency = 20ms, .loss_percent = trial.loss_percent});
  auto server_random = world.fork_random();
  turn_server::ServerConfig config;
  config.listeners = {{server_address}};
  if (trial.has_alternate) config.alternate = alternate;
  config.stun_only = true;
  turn_server::Server server = turn_server::Server::create(world.now(), config, server_random).value();
  world.attach(world.add_host({.name = "server", .addresses = {server_address.address, alternate.address}}),
               server);

  const IpAddress local = trial.nat ? inside : outside;
  const SiteId site = trial.nat ? world.add_nat(*trial.nat, {outside}) : sim::internet;
  const HostId host = world.add_host({.name = "host", .addresses = {local}, .site = site});
  auto random = world.fork_random();
  stun::NatDiscovery discovery(
      world.now(), {.server = server_address, .local = local, .measure_lifetime = trial.measure_lifetime},
      random);
  std::optional<NatReport> report;
  world.attach(host, discovery, [&](NatReport& event) { report = event; });
  EXPECT_TRUE(world.run_until([&] { return report.has_value(); }, trial.measure_lifetime ? 6min : 12s))
      << world.report();
  return report.value_or(NatReport{});
}

NatDependence same(Dependence dependence) { return static_cast<NatDependence>(dependence); }
static_assert(static_cast<int>(NatDependence::address_and_port_dependent) ==
              static_cast<int>(Dependence::address_and_port_dependent));

constexpr Dependence all[] = {Dependence::endpoint_independent, Dependence::address_dependent,
                              Dependence::address_and_port_dependent};

void expect_found(const NatConfig& nat, const Trial& trial) {
  const NatReport report = discover(trial);
  const std::string what = "mapping " + std::string(to_string(same(nat.mapping))) + ", filtering " +
                           std::string(to_string(same(nat.filtering))) + ", seed " +
                           std::to_string(trial.seed);
  EXPECT_FALSE(report.error) << what << ": " << report.error.message();
  EXPECT_TRUE(report.translated) << what;
  EXPECT_EQ(report.mapped->address, outside) << what;
  EXPECT_EQ(report.mapping, same(nat.mapping)) << what;
  EXPECT_EQ(report.filtering, same(nat.filtering)) << what;
  EXPECT_EQ(report.preserves_port, nat.preserves_ports) << what;
  const bool visible =
      nat.mapping == Dependence::endpoint_independent || nat.filtering == Dependence::endpoint_independent;
  EXPECT_EQ(report.hairpinning, visible ? std::optional(nat.hairpinning) : std::nullopt) << what;
}

TEST(NatDiscoverySimulation, FindsWhatEveryNatIs) {
  for (const Dependence mapping : all) {
    for (const Dependence filtering : all) {
      for (const bool hairpinning : {false, true}) {
        for (const bool preserves_ports : {false, true}) {
          const NatConfig nat{.mapping = mapping,
                              .filtering = filtering,
                              .preserves_ports = preserves_ports,
                              .hairpinning = hairpinning};
          expect_found(nat, {.nat = nat});
        }
      }
    }
  }
}

TEST(NatDiscoverySimulation, FindsItThroughLoss) {
  const NatConfig presets[] = {NatConfig::full_cone(), NatConfig::address_restricted(),
                               NatConfig::port_restricted(), NatConfig::symmetric()};
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(200); ++seed) {
    for (const NatConfig& nat : presets) expect_found(nat, {.nat = nat, .seed = seed, .loss_percent = 5});
  }
}

TEST(NatDiscoverySimulation, FindsAnOpenHost) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(50); ++seed) {
    const NatReport report = discover({.seed = seed, .loss_percent = 5});
    EXPECT_FALSE(report.error) << report.error.message();
    EXPECT_FALSE(report.translated);
    EXPECT_EQ(report.mapping, NatDependence::endpoint_independent);
    EXPECT_EQ(report.filtering, NatDependence::endpoint_independent);
    EXPECT_FALSE(report.hairpinning || report.preserves_port);
    EXPECT_EQ(prospect(report), stun::NatProspect::any_peer);
  }
}

TEST(NatDiscoverySimulation, FindsThatUdpIsBlocked) {
  const NatReport report = discover({.nat = NatConfig::udp_blocked()});
  EXPECT_EQ(report.error, stun::Errc::timed_out);
  EXPECT_EQ(prospect(report), stun::NatProspect::no_udp);
}

TEST(NatDiscoverySimulation, FindsTheMappedAddressOfAPlainServerAlone) {
  const NatReport report = discover({.nat = NatConfig::full_cone(), .has_alternate = false});
  EXPECT_EQ(report.error, stun::Errc::no_other_address);
  EXPECT_TRUE(report.translated);
  EXPECT_EQ(report.hairpinning, true) << "which takes no other address";
}

TEST(NatDiscoverySimulation, MeasuresHowLongAMappingLives) {
  const auto lifetime = [](Duration lives, NatConfig nat) {
    nat.lifetime = lives;
    return discover({.nat = nat, .measure_lifetime = true}).lifetime;
  };
  for (const NatConfig& nat :
       {NatConfig::full_cone(), NatConfig::port_restricted(), NatConfig::symmetric()}) {
    EXPECT_EQ(lifetime(30s, nat), (stun::NatLifetime{25s, 45s}));
    EXPECT_EQ(lifetime(2min, nat), (stun::NatLifetime{90s, 150s}));
    EXPECT_EQ(lifetime(10min, nat), (stun::NatLifetime{330s, {}}));
    EXPECT_EQ(lifetime(5s, nat), (stun::NatLifetime{0s, 10s}));
  }
}

TEST(NatDiscoverySimulation, MeasuresNoLifetimeWithAServerThatCannot) {
  const NatReport report =
      discover({.nat = NatConfig::full_cone(), .measure_lifetime = true, .has_alternate = false});
  EXPECT_FALSE(report.lifetime);
}

}  // namespace
}  // namespace petrel::inline v0::testing
