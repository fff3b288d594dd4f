#pragma once

#include <nlohmann/json.hpp>

#include "petrel/peer/report.hpp"

namespace interop {

/// What is worth a column in a table: pair, DTLS, times in milliseconds since both descriptions were known.
nlohmann::json connection_result(const petrel::ConnectionReport& report);

/// SCTP's packets, and how many went without a checksum (RFC 9653); null where there are no data channels.
nlohmann::json sctp_result(const petrel::PeerStats& stats);

/// All RTP packets of a peer, both ways, and what was dropped of those that came.
nlohmann::json packet_result(const petrel::PeerStats& stats);

}  // namespace interop
