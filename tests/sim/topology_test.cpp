#include "sim/topology.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace petrel::inline v0::sim {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Endpoint at(std::string_view text) { return Endpoint::parse(text).value(); }

Interface interface_at(HostId host, std::string_view address, SiteId site = internet) {
  return {host, "eth0", site, {ip(address)}, Link({}), Link({})};
}

Packet packet(std::string_view from, std::string_view to) { return {at(from), at(to), {}}; }

TEST(Topology, RoutesWithinASiteWithoutTouchingThePacket) {
  Topology topology;
  topology.add_interface(interface_at(HostId{0}, "192.0.2.1"));
  const InterfaceId other = topology.add_interface(interface_at(HostId{1}, "192.0.2.2"));
  Packet sent = packet("192.0.2.1:1", "192.0.2.2:2");
  EXPECT_EQ(topology.route({}, internet, sent).interface, other);
  EXPECT_EQ(sent.source, at("192.0.2.1:1"));
}

TEST(Topology, TranslatesOnTheWayOutAndBackIn) {
  Topology topology;
  const SiteId home = topology.add_nat(NatConfig::port_restricted(), {ip("203.0.113.1")}, internet);
  const InterfaceId inside = topology.add_interface(interface_at(HostId{0}, "10.0.0.1", home));
  const InterfaceId outside = topology.add_interface(interface_at(HostId{1}, "192.0.2.2"));

  Packet question = packet("10.0.0.1:1", "192.0.2.2:2");
  EXPECT_EQ(topology.route({}, home, question).interface, outside);
  EXPECT_EQ(question.source.address, ip("203.0.113.1"));

  Packet answer{question.destination, question.source, {}};
  EXPECT_EQ(topology.route({}, internet, answer).interface, inside);
  EXPECT_EQ(answer.destination, at("10.0.0.1:1"));

  Packet stranger{at("192.0.2.2:3"), question.source, {}};
  const auto route = topology.route({}, internet, stranger);
  EXPECT_FALSE(route.interface);
  EXPECT_EQ(route.loss, Topology::Loss::filtered);
}

TEST(Topology, HasNoRouteToNobody) {
  Topology topology;
  topology.add_interface(interface_at(HostId{0}, "192.0.2.1"));
  Packet sent = packet("192.0.2.1:1", "192.0.2.9:2");
  EXPECT_EQ(topology.route({}, internet, sent).loss, Topology::Loss::unroutable);
}

TEST(Topology, ForgetsTheAddressesOfAnInterfaceThatIsDown) {
  Topology topology;
  topology.add_interface(interface_at(HostId{0}, "192.0.2.1"));
  Interface& interface = topology.interface_named(HostId{0}, "");
  topology.set_up(interface, false);
  EXPECT_FALSE(topology.interface_with(HostId{0}, ip("192.0.2.1")));
  EXPECT_FALSE(topology.default_address(HostId{0}, IpFamily::v4));
  EXPECT_TRUE(topology.local_addresses(HostId{0}).empty());
  EXPECT_TRUE(topology.members(internet).empty());
  topology.set_up(interface, true);
  EXPECT_EQ(topology.default_address(HostId{0}, IpFamily::v4), ip("192.0.2.1"));
  EXPECT_EQ(topology.members(internet).size(), 1u);
}

TEST(Topology, KeepsASecondInterfaceInAnotherSite) {
  Topology topology;
  const SiteId mobile = topology.add_nat(NatConfig::symmetric(), {ip("203.0.113.9")}, internet);
  topology.add_interface(interface_at(HostId{0}, "10.0.0.1"));
  Interface second = interface_at(HostId{0}, "100.64.0.1", mobile);
  second.name = "rmnet0";
  const InterfaceId id = topology.add_interface(second);
  EXPECT_EQ(topology.interface_with(HostId{0}, ip("100.64.0.1")), id);
  EXPECT_EQ(topology.members(mobile), std::vector{id});
  EXPECT_EQ(&topology.interface_named(HostId{0}, "rmnet0"), &topology.interface(id));
}

}  // namespace
}  // namespace petrel::inline v0::sim
