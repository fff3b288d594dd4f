#include "petrel/rtp/stream/receive_stream.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/jitter/frame_assembler.hpp"
#include "petrel/rtp/recovery/rtx.hpp"
#include "petrel/rtp/stream/rtp_clock.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

// A stream begins with a key frame whose first packets do not say so yet: parameter sets come before it. If
// those were lost, their first repair is here by then on a path within a country; after that the picture
// is sooner there by a new key frame.
constexpr Duration first_key_frame_grace = 40ms;

// The first packet that arrives need not be the first that was sent, and without that one the first key
// frame is worth nothing. Nobody can see that it is missing; if it never was, the sender ignores the
// question.
constexpr ExtendedSequence lost_at_start = 3;

// Where nothing can be asked for, only reordering is worth waiting for.
constexpr Duration patience_without_nack = 100ms;
// Three tries on a path across an ocean, sixteen within a country; beyond a second the talk has gone on.
constexpr Duration min_patience = 500ms;
constexpr Duration max_patience = 1s;

constexpr Duration round_trip_guess = 100ms;

Duration patience(const Feedback& feedback, Duration round_trip) {
  return feedback.nack ? std::clamp<Duration>(3 * round_trip + 100ms, min_patience, max_patience)
                       : patience_without_nack;
}

}  // namespace

ReceiveStream::ReceiveStream(MediaId media, const MediaConfig& config, const PayloadConfig& payload,
                             Ssrc ssrc)
    : ssrc_(ssrc),
      feedback_(payload.feedback),
      needs_key_frames_(config.kind == MediaKind::video),
      makes_frames_(!config.deliver_packets),
      clock_rate_(payload.clock_rate),
      statistics_(payload.clock_rate),
      round_trip_(round_trip_guess) {
  jitter_ = std::make_unique<FrameAssembler>(needs_key_frames_, patience(payload.feedback, round_trip_guess));
  stats_.media = media;
  stats_.ssrc = ssrc;
  stats_.payload_type = payload.payload_type;
}

void ReceiveStream::update(const MediaConfig& config) {
  makes_frames_ = !config.deliver_packets;
  for (const PayloadConfig& payload : config.payloads) {
    if (payload.payload_type == stats_.payload_type) feedback_ = payload.feedback;
  }
  if (!feedback_.nack) nack_.reset();
  if (!can_ask_for_key_frame()) key_frames_.key_frame_received();
  jitter_->set_patience(patience(feedback_, round_trip_));
}

bool ReceiveStream::handle_packet(TimePoint now, const PacketView& packet, const PayloadConfig& payload) {
  const PacketHeader& header = packet.header();
  const auto [verdict, sequence] = sequence_.accept(header.sequence);
  if (verdict == SequenceValidator::Verdict::refused) {
    ++stats_.dropped.bad_sequence;
    return false;
  }
  if (verdict == SequenceValidator::Verdict::restarted) {
    statistics_.restarted(sequence);
    nack_.reset();
    jitter_->reset();
  }
  stats_.payload_type = header.payload_type;
  feedback_ = payload.feedback;
  if (!first_packet_ && feedback_.nack && needs_key_frames_ && makes_frames_) {
    nack_.expect_from(sequence - lost_at_start);
  }
  if (!first_packet_) first_packet_ = now;
  if (packet.payload().empty()) ++stats_.padding_packets_received;

  statistics_.packet_received(now, sequence, header.timestamp, packet.payload().size());
  if (feedback_.nack) nack_.handle_packet(now, sequence);
  if (makes_frames_) {
    jitter_->handle_packet(now,
                           {sequence, header.timestamp, header.marker, payload.format, packet.payload()});
  }
  settle(now);
  return true;
}

std::optional<ReceiveStream::Restored> ReceiveStream::handle_retransmission(TimePoint now,
                                                                            const PacketView& packet,
                                                                            const PayloadConfig& payload) {
  const PacketHeader& header = packet.header();
  if (!retransmissions_ || retransmissions_->ssrc != header.ssrc) {
    retransmissions_ = Retransmissions{header.ssrc, {}, ReceiveStatistics(clock_rate_)};
  }
  const auto [verdict, rtx_sequence] = retransmissions_->sequence.accept(header.sequence);
  if (verdict == SequenceValidator::Verdict::refused) {
    ++stats_.dropped.bad_sequence;
    return std::nullopt;
  }
  if (verdict == SequenceValidator::Verdict::restarted) retransmissions_->statistics.restarted(rtx_sequence);
  retransmissions_->statistics.packet_received(now, rtx_sequence, header.timestamp, packet.payload().size());

  if (packet.payload().empty()) {
    // Padding, to see what the path carries.
    ++stats_.padding_packets_received;
    return std::nullopt;
  }
  const auto rtx = parse_rtx_payload(packet.payload());
  // Before the first packet of the stream itself there is nothing that could be known as lost.
  if (!rtx || !sequence_.started()) {
    ++stats_.dropped.bad_payload;
    return std::nullopt;
  }
  const ExtendedSequence sequence = unwrap_near(rtx->original_sequence, sequence_.highest());
  if (sequence > sequence_.highest() || sequence <= sequence_.highest() - SequenceValidator::max_misorder) {
    ++stats_.dropped.late;
    return std::nullopt;
  }
  ++stats_.retransmitted_packets_received;
  stats_.retransmitted_bytes_received += rtx->payload.size();
  if (feedback_.nack) nack_.handle_packet(now, sequence);
  if (makes_frames_) {
    jitter_->handle_packet(now, {sequence, header.timestamp, header.marker, payload.format, rtx->payload});
  }
  settle(now);
  return Restored{rtx->original_sequence, rtx->payload};
}

void ReceiveStream::handle_sender_report(TimePoint now, const rtcp::SenderReport& report) {
  // Only compared and echoed: a clock that is wrong, or years ahead, does no harm.
  last_sender_report_ = report.ntp.middle();
  last_sender_report_at_ = now;
  ++stats_.remote_reports;
  stats_.remote_packets_sent = report.packet_count;
  stats_.remote_bytes_sent = report.octet_count;
}

void ReceiveStream::handle_timeout(TimePoint now) {
  jitter_->handle_timeout(now);
  settle(now);
}

std::optional<TimePoint> ReceiveStream::next_timeout() const {
  std::optional<TimePoint> earliest = jitter_->next_timeout();
  for (const auto& due : {nack_.next_timeout(), key_frames_.next_timeout()}) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

std::shared_ptr<const EncodedFrame> ReceiveStream::poll_frame() {
  auto frame = jitter_->poll_frame();
  if (frame) {
    ++stats_.frames_received;
    if (frame->key_frame()) {
      ++stats_.key_frames_received;
      key_frames_.key_frame_received();
    }
  }
  return frame;
}

void ReceiveStream::request_key_frame(TimePoint now) {
  if (can_ask_for_key_frame()) key_frames_.want(now);
}

void ReceiveStream::require_key_frame(TimePoint now) {
  jitter_->require_key_frame();
  settle(now);
}

std::uint64_t ReceiveStream::take_given_up() {
  return jitter_->gaps_skipped() - std::exchange(given_up_told_, jitter_->gaps_skipped());
}

bool ReceiveStream::take_feedback(TimePoint now, Ssrc sender, Duration round_trip,
                                  std::vector<rtcp::Message>& out) {
  round_trip = nack_.round_trip_or(round_trip);
  if (round_trip != round_trip_) {
    round_trip_ = round_trip;
    jitter_->set_patience(patience(feedback_, round_trip));
  }
  rtcp::Nack nack{sender, ssrc_, {}};
  nack_.take_due(now, round_trip, nack.lost);
  if (!nack.lost.empty()) {
    ++stats_.nacks_sent;
    out.emplace_back(std::move(nack));
  }
  if (!key_frames_.take_due(now, round_trip)) return false;
  if (feedback_.pli) {
    ++stats_.plis_sent;
    out.emplace_back(rtcp::PictureLossIndication{sender, ssrc_});
  } else if (feedback_.fir) {
    ++stats_.firs_sent;
    // A new command each time: the key frame that answered the one before may be what was lost.
    out.emplace_back(rtcp::FullIntraRequest{sender, {{ssrc_, fir_command_++}}});
  }
  return true;
}

void ReceiveStream::take_reports(TimePoint now, std::vector<rtcp::ReportBlock>& out) {
  if (!first_packet_) return;
  rtcp::ReportBlock block = report_of(ssrc_, statistics_);
  if (last_sender_report_ != 0) {
    block.last_report = last_sender_report_;
    const Duration delay = std::min<Duration>(now - last_sender_report_at_, 65535s);
    block.delay_since_last_report = to_rtp_units(delay, 65536);
  }
  out.push_back(block);
  if (retransmissions_) out.push_back(report_of(retransmissions_->ssrc, retransmissions_->statistics));
}

rtcp::ReportBlock ReceiveStream::report_of(Ssrc ssrc, ReceiveStatistics& statistics) const {
  const auto report = statistics.report();
  rtcp::ReportBlock block;
  block.source = ssrc;
  block.fraction_lost = report.fraction_lost;
  block.cumulative_lost = report.cumulative_lost;
  block.highest_sequence = report.highest_sequence;
  block.jitter = report.jitter;
  return block;
}

InboundStats ReceiveStream::stats() const {
  InboundStats stats = stats_;
  stats.packets_received = statistics_.packets();
  stats.bytes_received = statistics_.payload_bytes();
  stats.packets_lost = statistics_.lost();
  stats.jitter = statistics_.jitter();
  stats.frames_skipped_gaps = jitter_->gaps_skipped();
  stats.dropped.duplicate = jitter_->dropped().duplicate;
  stats.dropped.late += jitter_->dropped().late;
  stats.dropped.bad_payload += jitter_->dropped().bad_payload;
  stats.dropped.before_key_frame = jitter_->dropped().before_key_frame;
  stats.dropped.incomplete = jitter_->dropped().incomplete;
  return stats;
}

void ReceiveStream::settle(TimePoint now) {
  if (!makes_frames_ || !first_packet_) return;
  nack_.give_up_before(jitter_->wanted_from());
  if (!can_ask_for_key_frame()) return;
  if (jitter_->needs_key_frame()) {
    key_frames_.want(std::max(now, *first_packet_ + first_key_frame_grace));
  } else if (const auto deadline = jitter_->next_timeout(); deadline && needs_key_frames_) {
    // Three tries have failed: rather a key frame too many than a picture that stands still for as long
    // again.
    if (now >= *deadline - patience(feedback_, round_trip_) / 2) key_frames_.want(now);
  }
}

}  // namespace petrel::inline v0::rtp
