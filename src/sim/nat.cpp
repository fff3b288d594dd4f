#include "petrel/sim/nat.hpp"

#include <algorithm>

namespace petrel::inline v0::sim {
namespace {

// The part of a remote endpoint that matters.
Endpoint reduce(const Endpoint& remote, Dependence dependence) {
  switch (dependence) {
    case Dependence::endpoint_independent:
      return {};
    case Dependence::address_dependent:
      return {remote.address, 0};
    case Dependence::address_and_port_dependent:
      return remote;
  }
  return {};
}

// What a NAT does to one protocol.
struct Behaviour {
  Dependence filtering;
  Duration lifetime;

  Behaviour(const NatConfig& config, TransportProtocol protocol)
      : filtering(config.filtering), lifetime(config.lifetime) {
    if (protocol != TransportProtocol::tcp) return;
    filtering = Dependence::address_and_port_dependent;
    lifetime = config.tcp_lifetime;
  }
};

}  // namespace

bool Nat::owns(const IpAddress& address) const {
  return std::ranges::find(outside_, address) != outside_.end();
}

std::optional<IpAddress> Nat::outside_address(IpFamily family) const {
  const auto it = std::ranges::find(outside_, family, &IpAddress::family);
  if (it == outside_.end()) return std::nullopt;
  return *it;
}

std::optional<Endpoint> Nat::free_outside(const Table& table, const Endpoint& inside) {
  const auto address = outside_address(inside.address.family());
  if (!address) return inside;  // A firewall: the host is known outside by its own address.

  const Endpoint same_port{*address, inside.port};
  if (config_.preserves_ports && !table.by_outside.contains(same_port)) return same_port;

  constexpr unsigned ports = 65536 - first_port;
  for (unsigned tries = 0; tries < ports; ++tries) {
    const Endpoint candidate{*address, next_port_};
    next_port_ = next_port_ == 65535 ? first_port : static_cast<std::uint16_t>(next_port_ + 1);
    if (!table.by_outside.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<Endpoint> Nat::outbound(TimePoint now, const Endpoint& inside, const Endpoint& remote,
                                      TransportProtocol protocol) {
  const bool tcp = protocol == TransportProtocol::tcp;
  if (!tcp && config_.blocks_udp) return std::nullopt;
  const auto& ports = config_.tcp_ports_allowed;
  if (tcp && !ports.empty() && std::ranges::find(ports, remote.port) == ports.end()) return std::nullopt;

  const Behaviour behaviour(config_, protocol);
  Table& table = tcp ? tcp_ : udp_;
  // A firewall has one mapping for each inside endpoint, however its NAT side maps.
  const bool translating = translates(inside.address.family());
  const Key key{inside, translating ? reduce(remote, config_.mapping) : Endpoint{}};

  auto it = table.mappings.find(key);
  if (it != table.mappings.end() && now >= it->second.last_outbound + behaviour.lifetime) {
    table.by_outside.erase(it->second.outside);
    table.mappings.erase(it);
    it = table.mappings.end();
  }
  if (it == table.mappings.end()) {
    const auto outside = free_outside(table, inside);
    if (!outside) return std::nullopt;
    it = table.mappings.emplace(key, Mapping{inside, *outside, now, {}}).first;
    table.by_outside[*outside] = key;
  }
  Mapping& mapping = it->second;
  mapping.last_outbound = now;
  mapping.heard_of[reduce(remote, behaviour.filtering)] = now;
  return mapping.outside;
}

std::optional<Endpoint> Nat::inbound(TimePoint now, const Endpoint& remote, const Endpoint& outside,
                                     TransportProtocol protocol) {
  const bool tcp = protocol == TransportProtocol::tcp;
  if (!tcp && config_.blocks_udp) return std::nullopt;

  const Behaviour behaviour(config_, protocol);
  const Table& table = tcp ? tcp_ : udp_;
  const auto known = table.by_outside.find(outside);
  if (known == table.by_outside.end()) return std::nullopt;
  const Mapping& mapping = table.mappings.at(known->second);
  if (now >= mapping.last_outbound + behaviour.lifetime) return std::nullopt;

  // RFC 4787 5: what a host sent to someone lets that someone answer, for as long as the
  // mapping would live after that packet.
  const auto heard = mapping.heard_of.find(reduce(remote, behaviour.filtering));
  if (heard == mapping.heard_of.end() || now >= heard->second + behaviour.lifetime) return std::nullopt;
  return mapping.inside;
}

void Nat::reboot() {
  udp_ = {};
  tcp_ = {};
}

}  // namespace petrel::inline v0::sim
