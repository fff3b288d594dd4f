#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::sim {

/// How much of the remote endpoint a NAT's behaviour depends on, RFC 4787 4.1 and 5.
enum class Dependence : std::uint8_t { endpoint_independent, address_dependent, address_and_port_dependent };

struct NatConfig {
  Dependence mapping = Dependence::endpoint_independent;
  Dependence filtering = Dependence::address_and_port_dependent;
  /// Whether the port outside is the one inside, as long as it is free (RFC 4787 4.2.1).
  bool preserves_ports = false;
  /// How long a UDP mapping lives after the last packet from inside. RFC 4787 4.3 wants two
  /// minutes; many give 30 s.
  Duration lifetime = std::chrono::minutes(2);
  /// The same for TCP, RFC 5382 5: not less than 2 hours 4 minutes for an open connection.
  Duration tcp_lifetime = std::chrono::minutes(124);
  /// Whether hosts inside reach each other through their outside endpoints, RFC 4787 6.
  bool hairpinning = true;
  /// A firewall that lets no UDP through, in either direction.
  bool blocks_udp = false;
  /// A firewall that lets connections out to these ports only. Empty: to all.
  std::vector<std::uint16_t> tcp_ports_allowed{};

  static NatConfig full_cone() { return {.filtering = Dependence::endpoint_independent}; }
  static NatConfig address_restricted() { return {.filtering = Dependence::address_dependent}; }
  static NatConfig port_restricted() { return {}; }
  static NatConfig symmetric() { return {.mapping = Dependence::address_and_port_dependent}; }
  static NatConfig udp_blocked() { return {.blocks_udp = true}; }
  /// As in many a company: nothing but TLS to the outside.
  static NatConfig only_tcp_443() { return {.blocks_udp = true, .tcp_ports_allowed = {443}}; }
};

/// Translates and filters UDP as RFC 4787 classifies it, and TCP as RFC 5382 does: from
/// inside to outside only, and what comes in must belong to a connection that went out
/// (address and port dependent filtering, whatever UDP gets). Knows no packets, only
/// endpoints.
///
/// An address family without an outside address is filtered in the same way, but not
/// translated: a stateful firewall, as home routers have for IPv6.
class PETREL_API Nat {
 public:
  Nat(NatConfig config, std::vector<IpAddress> outside)
      : config_(std::move(config)), outside_(std::move(outside)) {}

  const NatConfig& config() const { return config_; }
  bool owns(const IpAddress& address) const;
  bool translates(IpFamily family) const { return outside_address(family).has_value(); }

  /// A packet from inside: the source it has outside. nullopt: dropped.
  std::optional<Endpoint> outbound(TimePoint now, const Endpoint& inside, const Endpoint& remote,
                                   TransportProtocol protocol = TransportProtocol::udp);

  /// A packet from outside to `outside`: the inside endpoint it is for. nullopt: dropped.
  std::optional<Endpoint> inbound(TimePoint now, const Endpoint& remote, const Endpoint& outside,
                                  TransportProtocol protocol = TransportProtocol::udp);

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
  struct Table {
    std::map<Key, Mapping> mappings;
    std::map<Endpoint, Key> by_outside;
  };

  std::optional<IpAddress> outside_address(IpFamily family) const;
  std::optional<Endpoint> free_outside(const Table& table, const Endpoint& inside);

  NatConfig config_;
  std::vector<IpAddress> outside_;
  Table udp_;
  Table tcp_;
  std::uint16_t next_port_ = first_port;

  static constexpr std::uint16_t first_port = 20000;
};

}  // namespace petrel::inline v0::sim
