#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/strong.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/sim/link.hpp"
#include "petrel/sim/nat.hpp"

namespace petrel::inline v0::sim {

using HostId = Strong<std::uint32_t, struct HostIdTag>;
/// The internet, or the network behind a NAT.
using SiteId = Strong<std::uint32_t, struct SiteIdTag>;
inline constexpr SiteId internet{0};

struct HostConfig {
  std::string name;
  /// Empty: one IPv4 address of the world's choice, of the kind that the site has.
  std::vector<IpAddress> addresses{};
  SiteId site = internet;
  /// A NAT of the host's own, between it and `site`.
  std::optional<NatConfig> behind{};
  /// What happens to packets that leave the host; the world's default if not given.
  std::optional<LinkConfig> uplink{};
  /// What happens to packets on their last stretch towards the host. By default nothing,
  /// so that the uplink's figures hold from end to end.
  LinkConfig downlink = LinkConfig::ideal();
  /// What the interface that all this describes is called.
  std::string interface_name = "eth0";
  /// Cores that have handle_interfaces() are told of every change of the host's addresses.
  /// With this they are told what there is when they are attached, too.
  bool announces_addresses = false;
};

/// A further interface of a host: a telephone's mobile network beside its wireless one.
struct InterfaceConfig {
  std::string name;
  std::vector<IpAddress> addresses;
  SiteId site = internet;
  std::optional<LinkConfig> uplink{};
  LinkConfig downlink = LinkConfig::ideal();
};

}  // namespace petrel::inline v0::sim
