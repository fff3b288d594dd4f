#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::testing {

/// How much of the remote endpoint a NAT's behaviour depends on, RFC 4787 4.1 and 5.
enum class Dependence : std::uint8_t { endpoint_independent, address_dependent, address_and_port_dependent };

struct NatConfig {
  Dependence mapping = Dependence::endpoint_independent;
  Dependence filtering = Dependence::address_and_port_dependent;
  /// How long a mapping lives after the last packet from inside. RFC 4787 4.3 wants two
  /// minutes; many give 30 s.
  Duration lifetime = std::chrono::minutes(2);
  /// Whether hosts inside reach each other through their outside endpoints, RFC 4787 6.
  bool hairpinning = true;
  /// A firewall that lets no UDP through, in either direction.
  bool blocks_udp = false;

  static NatConfig full_cone() { return {.filtering = Dependence::endpoint_independent}; }
  static NatConfig address_restricted() { return {.filtering = Dependence::address_dependent}; }
  static NatConfig port_restricted() { return {}; }
  static NatConfig symmetric() { return {.mapping = Dependence::address_and_port_dependent}; }
  static NatConfig udp_blocked() { return {.blocks_udp = true}; }
};

/// Translates and filters UDP as RFC 4787 classifies it. Knows no packets, only endpoints.
///
/// An address family without an outside address is filtered in the same way, but not
/// translated: a stateful firewall, as home routers have for IPv6.
class Nat {
 public:
  Nat(NatConfig config, std::vector<IpAddress> outside) : config_(config), outside_(std::move(outside)) {}

  const NatConfig& config() const { return config_; }
  bool owns(const IpAddress& address) const;
  bool translates(IpFamily family) const { return outside_address(family).has_value(); }

  /// A packet from inside: the source it has outside. nullopt: dropped.
  std::optional<Endpoint> outbound(TimePoint now, const Endpoint& inside, const Endpoint& remote);

  /// A packet from outside to `outside`: the inside endpoint it is for. nullopt: dropped.
  std::optional<Endpoint> inbound(TimePoint now, const Endpoint& remote, const Endpoint& outside);

  /// Forgets all mappings, as a router does that is switched off and on.
  void reboot();

 private:
  struct Mapping {
    Endpoint inside;
    Endpoint outside;
    TimePoint last_outbound;
    std::map<Endpoint, TimePoint> heard_of;  // Whom the host inside sent to, reduced by the filtering.
  };
  using Key = std::pair<Endpoint, Endpoint>;  // Inside, and the remote end reduced by the mapping.

  static Endpoint reduce(const Endpoint& remote, Dependence dependence);
  std::optional<IpAddress> outside_address(IpFamily family) const;
  bool alive(const Mapping& mapping, TimePoint now) const {
    return now < mapping.last_outbound + config_.lifetime;
  }
  std::optional<Endpoint> free_outside(const Endpoint& inside);

  NatConfig config_;
  std::vector<IpAddress> outside_;
  std::map<Key, Mapping> mappings_;
  std::map<Endpoint, Key> by_outside_;
  std::uint16_t next_port_ = first_port;

  static constexpr std::uint16_t first_port = 20000;
};

}  // namespace petrel::inline v0::testing
