#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/net/io_request.hpp"
#include "petrel/sim/host.hpp"
#include "petrel/sim/link.hpp"
#include "petrel/sim/nat.hpp"
#include "petrel/sim/packet.hpp"

namespace petrel::inline v0::sim {

using InterfaceId = Strong<std::uint32_t, struct InterfaceIdTag>;

struct Interface {
  HostId host;
  std::string name;
  SiteId site;
  std::vector<IpAddress> addresses;
  Link uplink;
  Link downlink;
  bool up = true;
};

/// Who is connected to whom: the sites with their NATs, and the interfaces in them. Says
/// where a packet goes, and translates it on the way.
class Topology {
 public:
  enum class Loss : std::uint8_t { unroutable, filtered };
  /// The interface that a packet ends at, or why it ends nowhere.
  struct Route {
    std::optional<InterfaceId> interface;
    Loss loss = Loss::unroutable;
  };

  SiteId add_nat(NatConfig config, std::vector<IpAddress> outside, SiteId outer);
  InterfaceId add_interface(Interface interface);

  Interface& interface(InterfaceId id) { return interfaces_[id.value]; }
  const Interface& interface(InterfaceId id) const { return interfaces_[id.value]; }
  /// The host's interface of that name; the first one if the name is empty. Throws
  /// std::out_of_range if there is none.
  Interface& interface_named(HostId host, std::string_view name);
  Nat& nat(SiteId site) { return sites_.at(site.value).nat.value(); }

  void add_address(Interface& interface, const IpAddress& address);
  void remove_address(HostId host, const IpAddress& address);
  void set_up(Interface& interface, bool up);

  /// The interface of the host that is up and has the address.
  std::optional<InterfaceId> interface_with(HostId host, const IpAddress& address) const;
  /// Where packets of that family leave by default: the first address that there is.
  std::optional<IpAddress> default_address(HostId host, IpFamily family) const;
  std::vector<LocalAddress> local_addresses(HostId host) const;

  /// Takes the packet from `site` through NATs to the interface that it is for. Its
  /// endpoints come out translated.
  Route route(TimePoint now, SiteId site, Packet& packet);
  /// All interfaces of a site that are up.
  std::vector<InterfaceId> members(SiteId site) const;

 private:
  struct Site {
    SiteId outer = internet;
    std::optional<Nat> nat{};  // None for the internet.
    std::vector<SiteId> inner{};
    std::vector<std::pair<IpAddress, InterfaceId>> addresses{};  // Of interfaces that are up.
  };

  std::optional<InterfaceId> find(SiteId site, const IpAddress& address) const;
  std::optional<SiteId> site_behind(SiteId site, const IpAddress& address) const;
  bool is_inside(SiteId site, const IpAddress& address) const;
  bool translate_inwards(TimePoint now, SiteId inner, Packet& packet);
  bool translate_outwards(TimePoint now, Site& here, Packet& packet);
  void list_addresses(SiteId site);
  const std::vector<InterfaceId>& interfaces_of(HostId host) const;

  std::vector<Site> sites_{1};
  std::vector<Interface> interfaces_;
  std::vector<std::vector<InterfaceId>> hosts_;
};

}  // namespace petrel::inline v0::sim
