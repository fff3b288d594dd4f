#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/datachannel/channels.hpp"
#include "petrel/dtls/connection.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/ice/report.hpp"
#include "petrel/peer/events.hpp"
#include "petrel/rtp/stream/stats.hpp"
#include "petrel/sctp/association.hpp"

namespace petrel::inline v0 {

/// What arrived at a peer and went nowhere. All since it was made.
struct PeerDrops {
  std::uint64_t unknown_source = 0;  ///< From an address that no ICE check has proven.
  std::uint64_t unknown_kind = 0;    ///< A first byte that is none of RFC 7983's.
  std::uint64_t early_packets = 0;   ///< More DTLS, SRTP or SCTP before its time than is kept.
  std::uint64_t srtp_replayed = 0;
  std::uint64_t srtp_unauthentic = 0;  ///< Forged, damaged, or other keys.
  std::uint64_t srtp_malformed = 0;
  std::uint64_t without_pair = 0;     ///< Ours: there was no candidate pair to send on.
  std::uint64_t protect_failed = 0;   ///< Ours: SRTP refused it.
  std::uint64_t data_unsendable = 0;  ///< Ours: DTLS did not take an SCTP packet.
  std::uint64_t events_dropped = 0;   ///< The application did not take events in time.
};

/// The ECN bits (RFC 3168 5) of the datagrams that arrived, STUN and what came by relays included. All
/// are `not_ect` where the system does not tell.
struct EcnCounts {
  std::uint64_t not_ect = 0;
  std::uint64_t ect0 = 0;
  std::uint64_t ect1 = 0;
  std::uint64_t ce = 0;  ///< A router on the path was congested.
};

/// Counters of every layer of one peer.
struct PeerStats {
  rtp::SessionStats rtp;
  ice::AgentStats ice;
  std::optional<dtls::ConnectionStats> dtls;
  datachannel::ChannelsStats data_channels;  ///< What could not be used. Of one channel: Peer::channel().
  /// Packets, windows, round trip and checksums below the data channels; nullopt while there is no
  /// association. A later one, after the m-line was taken away and came back, begins at zero.
  std::optional<sctp::AssociationStats> sctp;
  PeerDrops dropped;
  EcnCounts ecn;
  std::optional<ice::SelectedPair> pair;
};

/// The stages of a connection, each with the time it was first reached.
struct ConnectionStages {
  std::optional<TimePoint> local_description;
  std::optional<TimePoint> remote_description;
  std::optional<TimePoint> first_local_candidate;
  std::optional<TimePoint> gathered;
  std::optional<TimePoint> first_remote_candidate;
  std::optional<TimePoint> ice_connected;
  std::optional<TimePoint> dtls_started;
  std::optional<TimePoint> dtls_connected;
  std::optional<TimePoint> data_channels_connected;  ///< The SCTP association is up.
  std::optional<TimePoint> first_media_sent;
  std::optional<TimePoint> first_media_received;
};

/// How a connection came about, or why it did not: data, not log lines.
struct ConnectionReport {
  TimePoint created{};
  TimePoint now{};
  ConnectionState state = ConnectionState::new_;
  std::error_code reason;
  ConnectionStages stages;
  ice::StreamReport ice;
  ice::AgentStats ice_counters;
  std::vector<ice::ServerReport> servers;  ///< Every one, from every address that it was asked from.
  std::size_t stun_servers = 0;            ///< Configured.
  std::size_t turn_servers = 0;
  std::optional<dtls::Role> dtls_role;
  std::string dtls_cipher;
  std::optional<sctp::AssociationStats> sctp;  ///< Once data channels have an association.
};

/// One paragraph: that it is connected and how, or the one likely reason why it is not (likely_cause()).
PETREL_API std::string explain(const ConnectionReport& report);

/// The whole report, several lines: stages in milliseconds since the peer was made, then every server,
/// candidate and pair.
PETREL_API std::string to_string(const ConnectionReport& report);

/// The same as one JSON object (RFC 8259): cause, explanation, state, stages_ms, servers, local_candidates,
/// remote_candidates, pairs, dtls_cipher, sctp (null without data channels), counters.
PETREL_API std::string to_json(const ConnectionReport& report);

}  // namespace petrel::inline v0
