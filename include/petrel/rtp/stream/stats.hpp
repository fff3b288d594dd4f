#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/rtp/stream/media_config.hpp"

namespace petrel::inline v0::rtp {

/// Why packets and frames that came in went no further. Each is a packet unless it says frame.
struct ReceiveDrops {
  std::uint64_t duplicate = 0;
  std::uint64_t late = 0;              ///< Its place in the order had been given up or delivered.
  std::uint64_t bad_sequence = 0;      ///< RFC 3550 A.1: a jump that was not confirmed by the next packet.
  std::uint64_t bad_payload = 0;       ///< The payload format rejected it; its frame goes with it.
  std::uint64_t before_key_frame = 0;  ///< Whole, but not decodable without the key frame it hangs on.
  std::uint64_t incomplete = 0;        ///< Of frames that were given up for a lost packet.
  std::uint64_t frames_unread = 0;     ///< Frames the application did not fetch in time.
};

/// One received stream: W3C RTCInboundRtpStreamStats, and remote-outbound-rtp behind `remote_`.
struct InboundStats {
  MediaId media;
  Ssrc ssrc;
  PayloadType payload_type{};
  std::uint64_t packets_received = 0;  ///< As first sent: retransmissions are counted apart.
  std::uint64_t bytes_received = 0;    ///< Payload bytes of those.
  std::int64_t packets_lost = 0;       ///< RFC 3550 A.3: negative when duplicates outnumber losses.
  Duration jitter{};
  std::uint64_t retransmitted_packets_received = 0;
  std::uint64_t retransmitted_bytes_received = 0;
  std::uint64_t padding_packets_received = 0;
  std::uint64_t nacks_sent = 0;  ///< Messages, as W3C counts them.
  std::uint64_t plis_sent = 0;
  std::uint64_t firs_sent = 0;
  std::uint64_t frames_received = 0;  ///< Whole frames handed on.
  std::uint64_t key_frames_received = 0;
  std::uint64_t frames_skipped_gaps = 0;  ///< How often the order was broken by a loss that stayed.
  ReceiveDrops dropped;
  std::uint32_t remote_packets_sent = 0;  ///< From the last sender report.
  std::uint32_t remote_bytes_sent = 0;
  std::uint64_t remote_reports = 0;
};

/// Why frames and packets of ours were not sent.
struct SendDrops {
  std::uint64_t frames_before_key_frame = 0;  ///< Deltas that nobody could have decoded.
  std::uint64_t frames_queue_full = 0;
  std::uint64_t frames_unpacketizable = 0;  ///< The payload format has no way to carry them.
  std::uint64_t packets_queue_full = 0;     ///< Oldest media, given up because nobody polled.
};

/// One sent stream: W3C RTCOutboundRtpStreamStats, and remote-inbound-rtp behind `remote_`.
struct OutboundStats {
  MediaId media;
  Ssrc ssrc;
  PayloadType payload_type{};
  std::uint64_t packets_sent = 0;  ///< Without retransmissions.
  std::uint64_t bytes_sent = 0;    ///< Payload bytes of those.
  std::uint64_t retransmitted_packets_sent = 0;
  std::uint64_t retransmitted_bytes_sent = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t key_frames_sent = 0;
  std::uint64_t nacks_received = 0;
  std::uint64_t plis_received = 0;
  std::uint64_t firs_received = 0;
  std::uint64_t nacked_packets = 0;
  std::uint64_t nacked_packets_gone = 0;      ///< No longer in the history.
  std::uint64_t nacked_packets_repeated = 0;  ///< Resent less than a round trip before, or over the budget.
  SendDrops dropped;
  std::uint64_t remote_reports = 0;
  std::int64_t remote_packets_lost = 0;
  double remote_fraction_lost = 0;  ///< 0…1, of the last report.
  Duration remote_jitter{};
  std::optional<Duration> round_trip_time;
};

/// Packets that no stream claimed, by reason.
struct SessionDrops {
  std::uint64_t malformed_rtp = 0;
  std::uint64_t malformed_rtcp = 0;
  std::uint64_t unknown_ssrc = 0;  ///< No mid, table entry or payload type said where it belongs.
  std::uint64_t unknown_payload_type = 0;
  std::uint64_t too_many_streams = 0;  ///< Would have been one SSRC more than the limit.
  std::uint64_t not_receiving = 0;     ///< For a media that does not receive.
  std::uint64_t own_ssrc = 0;          ///< RFC 3550 8.2: our own packets, looped back.
  std::uint64_t malformed_rtx = 0;     ///< No original sequence number, or nothing it could restore.
  std::uint64_t events_lost = 0;
};

struct SessionStats {
  std::vector<InboundStats> inbound;
  std::vector<OutboundStats> outbound;
  SessionDrops dropped;
  std::uint64_t rtcp_packets_sent = 0;
  std::uint64_t rtcp_packets_received = 0;
};

}  // namespace petrel::inline v0::rtp
