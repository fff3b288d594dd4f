#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/ice/errc.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::ice {

/// Where a candidate was learnt, RFC 8445 4. The values of the candidate
/// attribute are host, srflx, prflx and relay.
enum class CandidateType : std::uint8_t { host, server_reflexive, peer_reflexive, relay };

PETREL_API std::string_view to_string(CandidateType type);

/// One transport address that may carry the data of one stream: a value, as the
/// candidate attribute of RFC 8839 5.1 describes it.
struct Candidate {
  std::string foundation;       ///< 1 to 32 ice-chars; equal ones share their fate (RFC 8445 5.1.1.3).
  std::uint16_t component = 1;  ///< 1 to 256; petrel itself uses 1 only, RTCP is multiplexed.
  TransportProtocol protocol = TransportProtocol::udp;  ///< udp or tcp.
  std::uint32_t priority = 0;
  Endpoint endpoint;      ///< With a `host_name`, only its port means anything.
  std::string host_name;  ///< Instead of an address: `<uuid>.local` (mDNS) or a DNS name.
  CandidateType type = CandidateType::host;
  std::optional<Endpoint> related;  ///< raddr and rport: the base, or the mapped address of a relay.
  std::string tcp_type;  ///< active, passive or so (RFC 6544 4.5); empty for UDP. An active one has port 9.
  std::string ufrag;     ///< The generation it belongs to (RFC 8839 5.1 extension); empty when not said.

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// More than any real candidate needs; foundation, names and extensions included.
constexpr std::size_t max_candidate_length = 1024;

/// Reads a candidate attribute, RFC 8839 5.1: with or without "a=", with or
/// without "candidate:", with a line end or without. Extension tokens other than
/// tcptype and ufrag are skipped.
///
/// Errors: Errc::malformed_candidate, unsupported_transport, unsupported_type.
PETREL_API Result<Candidate> parse_candidate(std::string_view text);

/// The attribute without "a=" and line end: "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host".
PETREL_API std::string to_attribute(const Candidate& candidate);

}  // namespace petrel::inline v0::ice
