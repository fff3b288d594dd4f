#include "petrel/sim/nat.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace petrel::inline v0::sim {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

const Endpoint inside = at("10.0.0.2:5000");
const Endpoint remote = at("192.0.2.1:80");
const Endpoint same_address = at("192.0.2.1:81");
const Endpoint other_address = at("192.0.2.2:80");

Nat nat_of(NatConfig config) { return Nat(config, {*IpAddress::parse("203.0.113.1")}); }

TEST(Nat, MapsAsItsKindSays) {
  const auto same_mapping = [](Dependence mapping, const Endpoint& to) {
    Nat nat = nat_of({.mapping = mapping});
    return nat.outbound(start, inside, remote) == nat.outbound(start, inside, to);
  };
  EXPECT_TRUE(same_mapping(Dependence::endpoint_independent, other_address));
  EXPECT_TRUE(same_mapping(Dependence::address_dependent, same_address));
  EXPECT_FALSE(same_mapping(Dependence::address_dependent, other_address));
  EXPECT_FALSE(same_mapping(Dependence::address_and_port_dependent, same_address));
  EXPECT_TRUE(same_mapping(Dependence::address_and_port_dependent, remote));
}

TEST(Nat, PreservesPortsWhereTheyAreFree) {
  Nat nat = nat_of({.mapping = Dependence::address_and_port_dependent, .preserves_ports = true});
  EXPECT_EQ(nat.outbound(start, inside, remote)->port, inside.port);
  EXPECT_NE(nat.outbound(start, inside, other_address)->port, inside.port) << "taken";
}

TEST(Nat, FiltersAsItsKindSays) {
  const auto passes = [](Dependence filtering, const Endpoint& from) {
    Nat nat = nat_of({.filtering = filtering});
    const auto outside = nat.outbound(start, inside, remote);
    return nat.inbound(start, from, *outside) == inside;
  };
  EXPECT_TRUE(passes(Dependence::endpoint_independent, other_address));
  EXPECT_TRUE(passes(Dependence::address_dependent, same_address));
  EXPECT_FALSE(passes(Dependence::address_dependent, other_address));
  EXPECT_TRUE(passes(Dependence::address_and_port_dependent, remote));
  EXPECT_FALSE(passes(Dependence::address_and_port_dependent, same_address));
}

TEST(Nat, ForgetsAMappingAfterItsLifetimeWithoutOutboundPackets) {
  Nat nat = nat_of({.lifetime = 30s});
  const auto outside = nat.outbound(start, inside, remote);
  EXPECT_TRUE(nat.inbound(start + 30s - 1ns, remote, *outside));
  EXPECT_FALSE(nat.inbound(start + 30s, remote, *outside));

  EXPECT_EQ(nat.outbound(start + 29s, inside, remote), outside);
  EXPECT_TRUE(nat.inbound(start + 58s, remote, *outside));
  EXPECT_NE(nat.outbound(start + 60s, inside, remote), outside);
}

TEST(Nat, DoesNotLetInboundPacketsKeepAMappingAlive) {
  Nat nat = nat_of({.lifetime = 30s});
  const auto outside = nat.outbound(start, inside, remote);
  for (auto age = 0s; age < 30s; age += 5s) EXPECT_TRUE(nat.inbound(start + age, remote, *outside));
  EXPECT_FALSE(nat.inbound(start + 30s, remote, *outside));
}

TEST(Nat, GivesDifferentInsideEndpointsDifferentPorts) {
  Nat nat = nat_of({});
  const auto first = nat.outbound(start, inside, remote);
  const auto second = nat.outbound(start, at("10.0.0.3:5000"), remote);
  EXPECT_EQ(first->address, second->address);
  EXPECT_NE(first->port, second->port);
  EXPECT_EQ(nat.inbound(start, remote, *second), at("10.0.0.3:5000"));
}

TEST(Nat, LetsNothingInUninvited) {
  Nat nat = nat_of(NatConfig::full_cone());
  EXPECT_FALSE(nat.inbound(start, remote, at("203.0.113.1:20000")));
}

TEST(Nat, ForgetsEverythingInAReboot) {
  Nat nat = nat_of(NatConfig::full_cone());
  const auto outside = nat.outbound(start, inside, remote);
  nat.reboot();
  EXPECT_FALSE(nat.inbound(start, remote, *outside));
}

TEST(Nat, PassesNoUdpWhereItIsBlocked) {
  Nat nat = nat_of(NatConfig::udp_blocked());
  EXPECT_FALSE(nat.outbound(start, inside, remote));
}

}  // namespace
}  // namespace petrel::inline v0::sim
