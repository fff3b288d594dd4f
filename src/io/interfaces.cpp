#include "io/interfaces.hpp"

#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <net/if.h>

#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "io/socket_address.hpp"

namespace petrel::inline v0::io {
namespace {

// getifaddrs() does not tell whether an IPv6 address is temporary or deprecated; the
// kernel lists that as `address index prefix scope flags name`, all in hexadecimal.
std::map<std::array<std::uint8_t, 16>, unsigned> ipv6_flags() {
  std::map<std::array<std::uint8_t, 16>, unsigned> flags;
  std::ifstream table("/proc/net/if_inet6");
  std::string line;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string digits, index, prefix, scope, flag_digits;
    fields >> digits >> index >> prefix >> scope >> flag_digits;
    if (digits.size() != 32 || flag_digits.empty()) continue;
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
      octets[i] = static_cast<std::uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
    }
    flags[octets] = static_cast<unsigned>(std::stoul(flag_digits, nullptr, 16));
  }
  return flags;
}

}  // namespace

std::vector<LocalAddress> list_local_addresses(bool include_loopback) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);

  const auto v6_flags = ipv6_flags();
  std::vector<LocalAddress> found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    const auto address = to_ip_address(each->ifa_addr);
    if (!address || (each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_RUNNING) == 0) continue;
    if ((each->ifa_flags & IFF_LOOPBACK) != 0 && !include_loopback) continue;

    LocalAddress local{*address, each->ifa_name};
    if (const auto flags = v6_flags.find(address->octets()); address->is_v6() && flags != v6_flags.end()) {
      // A tentative address is not ours yet, and binding to it fails.
      if ((flags->second & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0) continue;
      local.temporary = (flags->second & IFA_F_TEMPORARY) != 0;
      local.deprecated = (flags->second & IFA_F_DEPRECATED) != 0;
    }
    found.push_back(std::move(local));
  }
  return found;
}

}  // namespace petrel::inline v0::io
