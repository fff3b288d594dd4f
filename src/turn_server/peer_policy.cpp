#include "petrel/turn_server/peer_policy.hpp"

#include <algorithm>
#include <array>

namespace petrel::inline v0::turn_server {
namespace {

// Compiled once: these are the special-purpose registries of IANA (RFC 6890) without the
// documentation blocks, which lead nowhere, and with the tunnels that hide an IPv4 address.
constexpr std::array<std::string_view, 22> forbidden_by_default = {
    "0.0.0.0/8",       // "This host", RFC 1122 3.2.1.3; Linux connects it to itself.
    "10.0.0.0/8",      // RFC 1918
    "100.64.0.0/10",   // RFC 6598
    "127.0.0.0/8",     // RFC 1122 3.2.1.3
    "169.254.0.0/16",  // RFC 3927, and where clouds keep their instances' secrets.
    "172.16.0.0/12",   // RFC 1918
    "192.0.0.0/24",    // RFC 6890
    "192.168.0.0/16",  // RFC 1918
    "198.18.0.0/15",   // RFC 2544
    "224.0.0.0/4",     // RFC 5771
    "240.0.0.0/4",     // RFC 1112 4, and broadcast.
    "::/96",           // Unspecified, loopback, and v4-compatible (RFC 4291 2.5.5.1).
    "::ffff:0:0/96",   // v4-mapped: the system would send IPv4.
    "64:ff9b:1::/48",  // NAT64 of a local network, RFC 8215.
    "100::/64",        // RFC 6666
    "2001::/32",       // Teredo, RFC 4380
    "2002::/16",       // 6to4, RFC 3056
    "5f00::/16",       // SRv6 segments, RFC 9602
    "fc00::/7",        // RFC 4193
    "fe80::/10",       // RFC 4291 2.5.6
    "fec0::/10",       // Site-local, RFC 3879
    "ff00::/8",        // RFC 4291 2.7
};

// NAT64's well-known prefix, RFC 6052 2.1: the last four octets are the IPv4 address that it reaches.
constexpr std::string_view nat64 = "64:ff9b::/96";

const std::vector<IpPrefix>& default_rules() {
  static const std::vector<IpPrefix> rules = [] {
    std::vector<IpPrefix> parsed;
    for (const std::string_view text : forbidden_by_default) parsed.push_back(IpPrefix::parse(text).value());
    return parsed;
  }();
  return rules;
}

// The scope says by which interface an address is reached, not whose it is.
bool same(const IpAddress& a, const IpAddress& b) {
  return a.family() == b.family() && a.octets() == b.octets();
}

bool is_one_of(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::ranges::any_of(addresses, [&](const IpAddress& own) { return same(own, address); });
}

// The IPv4 address that a packet to this one would end at.
std::optional<IpAddress> behind_nat64(const IpAddress& address) {
  static const IpPrefix translated = IpPrefix::parse(nat64).value();
  if (!translated.contains(address)) return std::nullopt;
  const auto& octets = address.octets();
  return IpAddress::v4(octets[12], octets[13], octets[14], octets[15]);
}

}  // namespace

PeerPolicy::Verdict PeerPolicy::verdict(const IpAddress& peer) const {
  if (any_contains(rules_.deny, peer)) return Verdict::forbidden;
  if (any_contains(rules_.allow, peer)) return Verdict::allowed;
  if (is_one_of(rules_.relays, peer)) return Verdict::relays_only;
  if (is_one_of(rules_.own, peer) || any_contains(default_rules(), peer)) return Verdict::forbidden;
  // Who hides an address in another one may not even have our relays.
  const auto hidden = behind_nat64(peer);
  return !hidden || verdict(*hidden) == Verdict::allowed ? Verdict::allowed : Verdict::forbidden;
}

}  // namespace petrel::inline v0::turn_server
