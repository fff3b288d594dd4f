#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/recovery/packet_history.hpp"
#include "petrel/rtp/stream/media_config.hpp"
#include "petrel/rtp/stream/round_trip.hpp"
#include "petrel/rtp/stream/rtp_clock.hpp"
#include "petrel/rtp/stream/stats.hpp"
#include "petrel/rtp/wire/rtcp_messages.hpp"

namespace petrel::inline v0::rtp {

/// A stream that we send: its numbers, its clock, its history, and what the peer says about it.
class PETREL_API SendStream {
 public:
  // Between two KeyFrameRequested events: an encoder that obeys each needs time for other frames.
  static constexpr Duration min_key_frame_interval = std::chrono::milliseconds(200);

  SendStream(MediaId media, MediaKind kind, std::uint32_t clock_rate, Ssrc ssrc, Ssrc rtx_ssrc,
             RandomSource& random);

  Ssrc ssrc() const { return ssrc_; }
  Ssrc rtx_ssrc() const { return rtx_ssrc_; }

  /// A stretch of consecutive packets that is now in the history.
  struct Range {
    std::uint16_t first = 0;
    std::size_t count = 0;
  };
  /// Whether the receiver could do something with it: a key frame, or one that hangs on nothing lost.
  bool takes(const EncodedFrame& frame) const { return !needs_key_frame_ || frame.key_frame(); }
  /// Something of what was sent is not going to arrive, and nothing but a key frame is of use after it.
  void require_key_frame(TimePoint now);

  /// Numbers the packets of a frame. Errc::needs_key_frame, queue_full if it has more than `room`
  /// packets, or what the payload format has against it; then no number is used up.
  Result<Range> add_frame(TimePoint now, const PayloadConfig& payload,
                          const std::shared_ptr<const EncodedFrame>& frame, std::size_t max_payload,
                          std::size_t room);
  /// `header` gives payload type, marker and timestamp.
  Result<Range> add_packet(TimePoint now, const PacketHeader& header, Bytes payload);

  /// nullptr if it is no longer in the history.
  const SentPacket* find(std::uint16_t sequence) { return history_.find(sequence); }

  /// The packet as it leaves for the first time; nullopt if it is no longer in the history.
  std::optional<PacketBuffer> transmit(TimePoint now, std::uint16_t sequence,
                                       const ExtensionBlock& extensions);
  std::optional<PacketBuffer> retransmit(TimePoint now, std::uint16_t sequence, PayloadType rtx,
                                         const ExtensionBlock& extensions);
  /// The ciphertext that was kept; nullopt if there is none.
  std::optional<PacketBuffer> protected_copy(TimePoint now, std::uint16_t sequence);
  void keep_ciphertext(std::uint16_t sequence, Bytes ciphertext);

  /// Whether a NACK for this packet is to be answered: it is here, was not sent within the last round
  /// trip, and the budget allows it.
  bool may_retransmit(TimePoint now, std::uint16_t sequence);

  /// What the peer reports on our stream; `now_ntp` on our clock.
  void handle_report(NtpTime now_ntp, const rtcp::ReportBlock& block);
  /// False if the request repeats one that was seen, RFC 5104 4.3.1.2.
  bool handle_fir(Ssrc sender, std::uint8_t command);
  bool has_report() const { return stats_.remote_reports > 0; }

  /// Asks the application for a key frame, as soon as the last request is long enough ago.
  void want_key_frame(TimePoint now);
  bool take_key_frame_request(TimePoint now);
  std::optional<TimePoint> next_timeout() const { return key_frame_request_due_; }

  /// Nothing to say until a packet has been sent.
  std::optional<rtcp::SenderReport> sender_report(TimePoint now, NtpTime now_ntp) const;

  /// The clock of another codec took over; the sequence goes on.
  void change_clock_rate(std::uint32_t clock_rate, RandomSource& random);

  const RoundTrip& round_trip() const { return round_trip_; }
  OutboundStats& stats() { return stats_; }
  const OutboundStats& stats() const { return stats_; }

 private:
  std::uint32_t timestamp_of(const EncodedFrame& frame, const PayloadConfig& payload);

  MediaKind kind_;
  Ssrc ssrc_;
  Ssrc rtx_ssrc_;
  std::uint16_t next_sequence_;
  std::uint16_t next_rtx_sequence_;
  RtpClock clock_;
  PacketHistory history_;
  RetransmissionBudget budget_;
  RoundTrip round_trip_;
  /// The shortest time from a packet to the first NACK for it. Until then, a call across a continent.
  Duration round_trip_bound_ = std::chrono::milliseconds(100);
  bool needs_key_frame_;
  std::optional<TimePoint> key_frame_request_due_;
  std::optional<TimePoint> last_key_frame_request_;
  std::optional<rtcp::FullIntraRequest::Entry> last_fir_;  ///< `media` is who asked.
  OutboundStats stats_;
};

}  // namespace petrel::inline v0::rtp
