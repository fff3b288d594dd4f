#include "sim/topology.hpp"

#include <algorithm>
#include <stdexcept>

namespace petrel::inline v0::sim {
namespace {

// Behind a home router behind a carrier's NAT, and back again, are 4 hops; more is a loop
// of ours in the topology.
constexpr int max_hops = 8;

}  // namespace

// ---- Building ---------------------------------------------------------------

SiteId Topology::add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer) {
  const SiteId id{static_cast<std::uint32_t>(sites_.size())};
  sites_.at(outer.value).inner.push_back(id);
  sites_.push_back({outer, Nat(std::move(config), std::move(outside))});
  return id;
}

InterfaceId Topology::add_interface(Interface interface) {
  const InterfaceId id{static_cast<std::uint32_t>(interfaces_.size())};
  if (hosts_.size() <= interface.host.value) hosts_.resize(interface.host.value + 1);
  hosts_[interface.host.value].push_back(id);
  const SiteId site = interface.site;
  interfaces_.push_back(std::move(interface));
  list_addresses(site);
  return id;
}

const std::vector<InterfaceId>& Topology::interfaces_of(HostId host) const { return hosts_.at(host.value); }

Interface& Topology::interface_named(HostId host, std::string_view name) {
  for (const InterfaceId id : interfaces_of(host)) {
    Interface& interface = interfaces_[id.value];
    if (name.empty() || interface.name == name) return interface;
  }
  throw std::out_of_range("the host has no interface " + std::string(name));
}

void Topology::add_address(Interface& interface, const IpAddress& address) {
  if (std::ranges::find(interface.addresses, address) != interface.addresses.end()) return;
  interface.addresses.push_back(address);
  list_addresses(interface.site);
}

void Topology::remove_address(HostId host, const IpAddress& address) {
  for (const InterfaceId id : interfaces_of(host)) {
    Interface& interface = interfaces_[id.value];
    if (std::erase(interface.addresses, address) > 0) list_addresses(interface.site);
  }
}

void Topology::set_up(Interface& interface, bool up) {
  interface.up = up;
  list_addresses(interface.site);
}

void Topology::list_addresses(SiteId site) {
  auto& addresses = sites_.at(site.value).addresses;
  addresses.clear();
  for (std::uint32_t i = 0; i < interfaces_.size(); ++i) {
    const Interface& interface = interfaces_[i];
    if (interface.site != site || !interface.up) continue;
    for (const IpAddress& address : interface.addresses) addresses.emplace_back(address, InterfaceId{i});
  }
}

// ---- Asking -----------------------------------------------------------------

std::optional<InterfaceId> Topology::interface_with(HostId host, const IpAddress& address) const {
  for (const InterfaceId id : interfaces_of(host)) {
    const Interface& interface = interfaces_[id.value];
    if (!interface.up) continue;
    if (std::ranges::find(interface.addresses, address) != interface.addresses.end()) return id;
  }
  return std::nullopt;
}

std::optional<IpAddress> Topology::default_address(HostId host, IpFamily family) const {
  for (const InterfaceId id : interfaces_of(host)) {
    const Interface& interface = interfaces_[id.value];
    if (!interface.up) continue;
    const auto it = std::ranges::find(interface.addresses, family, &IpAddress::family);
    if (it != interface.addresses.end()) return *it;
  }
  return std::nullopt;
}

std::vector<LocalAddress> Topology::local_addresses(HostId host) const {
  std::vector<LocalAddress> addresses;
  for (const InterfaceId id : interfaces_of(host)) {
    const Interface& interface = interfaces_[id.value];
    if (!interface.up) continue;
    for (const IpAddress& address : interface.addresses) addresses.push_back({address, interface.name});
  }
  return addresses;
}

std::vector<InterfaceId> Topology::members(SiteId site) const {
  std::vector<InterfaceId> members;
  for (std::uint32_t i = 0; i < interfaces_.size(); ++i) {
    if (interfaces_[i].site == site && interfaces_[i].up) members.push_back({i});
  }
  return members;
}

// ---- Routing ----------------------------------------------------------------

Topology::Route Topology::route(TimePoint now, SiteId site, Packet& packet) {
  for (int hop = 0; hop < max_hops; ++hop) {
    if (const auto interface = find(site, packet.destination.address)) return {interface};

    if (const auto inner = site_behind(site, packet.destination.address)) {
      if (!translate_inwards(now, *inner, packet)) return {std::nullopt, Loss::filtered};
      site = *inner;
      continue;
    }
    Site& here = sites_[site.value];
    if (!here.nat) break;
    if (!translate_outwards(now, here, packet)) return {std::nullopt, Loss::filtered};
    site = here.outer;
  }
  return {std::nullopt, Loss::unroutable};
}

std::optional<InterfaceId> Topology::find(SiteId site, const IpAddress& address) const {
  const auto& addresses = sites_[site.value].addresses;
  const auto it = std::ranges::find(addresses, address, &std::pair<IpAddress, InterfaceId>::first);
  if (it == addresses.end()) return std::nullopt;
  return it->second;
}

// The site next to `site` whose NAT has the address, or behind whose firewall it is.
std::optional<SiteId> Topology::site_behind(SiteId site, const IpAddress& address) const {
  const auto& inner = sites_[site.value].inner;
  for (const SiteId id : inner) {
    if (sites_[id.value].nat->owns(address)) return id;
  }
  for (const SiteId id : inner) {
    if (!sites_[id.value].nat->translates(address.family()) && is_inside(id, address)) return id;
  }
  return std::nullopt;
}

// Whether the address is in the site, or reachable from there without translation.
bool Topology::is_inside(SiteId site, const IpAddress& address) const {
  if (find(site, address)) return true;
  return std::ranges::any_of(sites_[site.value].inner, [&](SiteId id) {
    return !sites_[id.value].nat->translates(address.family()) && is_inside(id, address);
  });
}

bool Topology::translate_inwards(TimePoint now, SiteId inner, Packet& packet) {
  const auto inside =
      sites_[inner.value].nat->inbound(now, packet.source, packet.destination, packet.protocol);
  if (inside) packet.destination = *inside;
  return inside.has_value();
}

bool Topology::translate_outwards(TimePoint now, Site& here, Packet& packet) {
  if (here.nat->owns(packet.destination.address) && !here.nat->config().hairpinning) return false;
  const auto outside = here.nat->outbound(now, packet.source, packet.destination, packet.protocol);
  if (outside) packet.source = *outside;
  return outside.has_value();
}

}  // namespace petrel::inline v0::sim
