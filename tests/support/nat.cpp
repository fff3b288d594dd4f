#include "support/nat.hpp"

#include <algorithm>

namespace petrel::inline v0::testing {

bool Nat::owns(const IpAddress& address) const {
  return std::ranges::find(outside_, address) != outside_.end();
}

std::optional<IpAddress> Nat::outside_address(IpFamily family) const {
  const auto it = std::ranges::find(outside_, family, &IpAddress::family);
  if (it == outside_.end()) return std::nullopt;
  return *it;
}

Endpoint Nat::reduce(const Endpoint& remote, Dependence dependence) {
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

std::optional<Endpoint> Nat::free_outside(const Endpoint& inside) {
  const auto address = outside_address(inside.address.family());
  if (!address) return inside;  // A firewall: the host is known outside by its own address.

  constexpr unsigned ports = 65536 - first_port;
  for (unsigned tries = 0; tries < ports; ++tries) {
    const Endpoint candidate{*address, next_port_};
    next_port_ = next_port_ == 65535 ? first_port : static_cast<std::uint16_t>(next_port_ + 1);
    if (!by_outside_.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<Endpoint> Nat::outbound(TimePoint now, const Endpoint& inside, const Endpoint& remote) {
  if (config_.blocks_udp) return std::nullopt;
  // A firewall has one mapping for each inside endpoint, however its NAT side maps.
  const bool translating = translates(inside.address.family());
  const Key key{inside, translating ? reduce(remote, config_.mapping) : Endpoint{}};

  auto it = mappings_.find(key);
  if (it != mappings_.end() && !alive(it->second, now)) {
    by_outside_.erase(it->second.outside);
    mappings_.erase(it);
    it = mappings_.end();
  }
  if (it == mappings_.end()) {
    const auto outside = free_outside(inside);
    if (!outside) return std::nullopt;
    it = mappings_.emplace(key, Mapping{inside, *outside, now, {}}).first;
    by_outside_[*outside] = key;
  }
  Mapping& mapping = it->second;
  mapping.last_outbound = now;
  mapping.heard_of[reduce(remote, config_.filtering)] = now;
  return mapping.outside;
}

std::optional<Endpoint> Nat::inbound(TimePoint now, const Endpoint& remote, const Endpoint& outside) {
  if (config_.blocks_udp) return std::nullopt;
  const auto known = by_outside_.find(outside);
  if (known == by_outside_.end()) return std::nullopt;
  const Mapping& mapping = mappings_.at(known->second);
  if (!alive(mapping, now)) return std::nullopt;

  // RFC 4787 5: what a host sent to someone lets that someone answer, for as long as the
  // mapping would live after that packet.
  const auto heard = mapping.heard_of.find(reduce(remote, config_.filtering));
  if (heard == mapping.heard_of.end() || now >= heard->second + config_.lifetime) return std::nullopt;
  return mapping.inside;
}

void Nat::reboot() {
  mappings_.clear();
  by_outside_.clear();
}

}  // namespace petrel::inline v0::testing
