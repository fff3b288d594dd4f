#include "ice/addresses.hpp"

#include <algorithm>

namespace petrel::inline v0::ice {
namespace {

bool is_routable(const LocalAddress& local) {
  const IpAddress& address = local.address;
  return !local.deprecated && !address.is_unspecified() && !address.is_multicast() && !address.is_v4_mapped();
}

bool has_temporary_sibling(const LocalAddress& local, std::span<const LocalAddress> up) {
  if (local.temporary || local.address.is_link_local()) return false;
  return std::ranges::any_of(up, [&](const LocalAddress& other) {
    return other.temporary && !other.deprecated && other.interface_name == local.interface_name &&
           other.address.is_private() == local.address.is_private();
  });
}

void add(std::vector<IpAddress>& to, const IpAddress& address) {
  if (std::ranges::find(to, address) == to.end()) to.push_back(address);
}

// Of one family, best first.
std::vector<IpAddress> choose_family(std::span<const LocalAddress> up, IpFamily family) {
  std::vector<IpAddress> chosen;
  std::vector<IpAddress> link_local;
  for (const bool temporary : {true, false}) {
    for (const LocalAddress& local : up) {
      if (local.address.family() != family || local.temporary != temporary || !is_routable(local)) continue;
      if (local.address.is_loopback() || has_temporary_sibling(local, up)) continue;
      add(local.address.is_link_local() ? link_local : chosen, local.address);
    }
  }
  return chosen.empty() ? link_local : chosen;
}

}  // namespace

std::vector<IpAddress> choose_addresses(std::span<const LocalAddress> up, AddressPolicy policy) {
  const std::vector<IpAddress> v6 = policy.ipv6 ? choose_family(up, IpFamily::v6) : std::vector<IpAddress>{};
  const std::vector<IpAddress> v4 = choose_family(up, IpFamily::v4);
  std::vector<IpAddress> chosen;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) chosen.push_back(v6[i]);
    if (i < v4.size()) chosen.push_back(v4[i]);
  }
  for (const LocalAddress& local : up) {
    if (!policy.loopback || !local.address.is_loopback() || local.deprecated) continue;
    if (local.address.is_v4() || policy.ipv6) add(chosen, local.address);
  }
  if (chosen.size() > max_sockets) chosen.resize(max_sockets);
  return chosen;
}

}  // namespace petrel::inline v0::ice
