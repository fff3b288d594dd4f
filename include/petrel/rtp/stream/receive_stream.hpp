#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/jitter/jitter_buffer.hpp"
#include "petrel/rtp/recovery/key_frame_requester.hpp"
#include "petrel/rtp/recovery/nack_generator.hpp"
#include "petrel/rtp/stream/media_config.hpp"
#include "petrel/rtp/stream/receive_statistics.hpp"
#include "petrel/rtp/stream/sequence_validator.hpp"
#include "petrel/rtp/stream/stats.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "petrel/rtp/wire/rtcp_messages.hpp"

namespace petrel::inline v0::rtp {

/// A stream that we receive, with its retransmissions: order, repair, frames and reports.
class PETREL_API ReceiveStream {
 public:
  ReceiveStream(MediaId media, const MediaConfig& config, const PayloadConfig& payload, Ssrc ssrc);

  Ssrc ssrc() const { return ssrc_; }

  /// A renegotiation. Numbers, statistics and what is buffered persist.
  void update(const MediaConfig& config);

  /// A packet as it was first sent. False if it is refused: far from all others, and not confirmed.
  bool handle_packet(TimePoint now, const PacketView& packet, const PayloadConfig& payload);

  /// A packet that was lost, out of a retransmission.
  struct Restored {
    std::uint16_t sequence = 0;
    Bytes payload;  ///< Borrowed from the retransmission.
  };
  /// nullopt for padding, and for what is no retransmission of a packet that could be missing.
  std::optional<Restored> handle_retransmission(TimePoint now, const PacketView& packet,
                                                const PayloadConfig& payload);

  void handle_sender_report(TimePoint now, const rtcp::SenderReport& report);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  std::shared_ptr<const EncodedFrame> poll_frame();
  void request_key_frame(TimePoint now);
  /// The application did not fetch these frames, and goes on with one that does not hang on them.
  void count_unread(std::size_t frames) { stats_.dropped.frames_unread += frames; }
  /// Nor the ones after: nothing is of use to it before the next key frame.
  void require_key_frame(TimePoint now);

  /// How often the order was broken since this was last asked, by packets that never came.
  std::uint64_t take_given_up();

  /// NACK, PLI and FIR that are due now are appended to `out`. True if a key frame is asked for.
  bool take_feedback(TimePoint now, Ssrc sender, Duration round_trip, std::vector<rtcp::Message>& out);
  /// Report blocks of the stream and of its retransmissions are appended to `out`; an interval ends.
  void take_reports(TimePoint now, std::vector<rtcp::ReportBlock>& out);

  InboundStats stats() const;

 private:
  // Retransmissions are a stream of their own to RTCP (RFC 4588 5.3).
  struct Retransmissions {
    Ssrc ssrc{};
    SequenceValidator sequence;
    ReceiveStatistics statistics;
  };

  void settle(TimePoint now);
  bool can_ask_for_key_frame() const { return feedback_.pli || feedback_.fir; }
  rtcp::ReportBlock report_of(Ssrc ssrc, ReceiveStatistics& statistics) const;

  Ssrc ssrc_;
  Feedback feedback_;
  bool needs_key_frames_;
  bool makes_frames_;
  std::uint32_t clock_rate_;
  SequenceValidator sequence_;
  ReceiveStatistics statistics_;
  std::optional<Retransmissions> retransmissions_;
  NackGenerator nack_;
  KeyFrameRequester key_frames_;
  std::unique_ptr<JitterBuffer> jitter_;
  Duration round_trip_;
  std::uint8_t fir_command_ = 0;
  std::optional<TimePoint> first_packet_;
  std::uint32_t last_sender_report_ = 0;  ///< The middle of its NTP time.
  TimePoint last_sender_report_at_{};
  InboundStats stats_;
  std::uint64_t given_up_told_ = 0;
};

}  // namespace petrel::inline v0::rtp
