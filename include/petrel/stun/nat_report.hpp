#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::stun {

/// How much of the remote endpoint a NAT's behaviour depends on: its mapping in RFC 4787 4.1, its
/// filtering in section 5.
enum class NatDependence : std::uint8_t {
  endpoint_independent,
  address_dependent,
  address_and_port_dependent
};

/// In RFC 4787's words, "address and port-dependent".
PETREL_API std::string_view to_string(NatDependence dependence);

/// How long a mapping lives that nothing is sent through: it was there after `at_least`, and gone
/// after `less_than`, unless it outlived every trial.
struct NatLifetime {
  Duration at_least{};
  std::optional<Duration> less_than{};

  friend bool operator==(const NatLifetime&, const NatLifetime&) = default;
};

/// What a NatDiscovery has found out. What it could not find out is absent, and `error` says why.
struct NatReport {
  Endpoint server;                   ///< Who was asked.
  std::optional<Endpoint> mapped{};  ///< Where we seem to be. Absent: nobody answered, UDP is blocked.
  bool translated = false;           ///< `mapped` is not an endpoint of this host.

  std::optional<NatDependence> mapping{};    ///< endpoint_independent without a translation.
  std::optional<NatDependence> filtering{};  ///< Of a firewall, where nothing is translated.
  /// Whether a host behind the NAT reaches another by its endpoint outside (RFC 4787 6). Absent without a
  /// translation, and where the filtering would have dropped the trial's packet in any case.
  std::optional<bool> hairpinning{};
  /// Whether the port outside was the one inside, for every socket (RFC 4787 4.2.1). Absent without a
  /// translation.
  std::optional<bool> preserves_port{};
  std::optional<NatLifetime> lifetime{};  ///< Only if it was asked for.

  std::error_code error{};  ///< Why something is missing; stun::Errc, or what the system said of a socket.
  int code = 0;             ///< The server's ERROR-CODE, or 0.
};

/// What a report means for calls from peer to peer.
enum class NatProspect : std::uint8_t {
  any_peer,    ///< Whoever has UDP at all reaches this host, once it has sent a packet to a STUN server.
  most_peers,  ///< All but peers behind a NAT whose mapping depends on the destination.
  few_peers,  ///< The mapping depends on the destination: only peers without a filter to speak of. Else TURN.
  no_udp,     ///< No answer by UDP: TURN over TCP or TLS.
  unknown,    ///< Too little was found out.
};

PETREL_API NatProspect prospect(const NatReport& report);

/// The report as a paragraph for people who do not know the RFCs.
PETREL_API std::string describe(const NatReport& report);

}  // namespace petrel::inline v0::stun
