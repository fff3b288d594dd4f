#pragma once

#include <cstdint>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/net/ip_prefix.hpp"

namespace petrel::inline v0::turn_server {

/// Which peers a client may reach through the relay (RFC 8656 21.1.2, 21.3.1).
///
/// Whoever has an account sends packets as if they came from the server's own host, from
/// behind its firewall. So by default only the public internet may be a peer: no loopback,
/// private, shared (RFC 6598), link-local, multicast, reserved or unspecified addresses,
/// and no IPv6 address that a gateway or this host would turn into one of them
/// (v4-mapped, 6to4, Teredo, NAT64).
class PETREL_API PeerPolicy {
 public:
  enum class Verdict : std::uint8_t {
    allowed,
    forbidden,
    /// The relay's own address: allowed at ports where it relays, so that two clients of one
    /// server reach each other; forbidden at all others, where this host's services are.
    relays_only,
  };

  struct Rules {
    std::vector<IpPrefix> allow{};  ///< Peers to allow although they are forbidden by default.
    std::vector<IpPrefix> deny{};   ///< Peers to forbid; stronger than `allow`.
    std::vector<IpAddress> own{};   ///< Addresses of this host.
    std::vector<IpAddress>
        relays{};  ///< Those of them that it relays from, and those it is known by outside.
  };

  explicit PeerPolicy(Rules rules) : rules_(std::move(rules)) {}

  Verdict verdict(const IpAddress& peer) const;
  bool allowed(const IpAddress& peer) const { return verdict(peer) != Verdict::forbidden; }

 private:
  Rules rules_;
};

}  // namespace petrel::inline v0::turn_server
