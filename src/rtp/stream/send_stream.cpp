#include "petrel/rtp/stream/send_stream.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/opus.hpp"
#include "petrel/rtp/recovery/rtx.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

// RFC 3711 3.3.1: a receiver that misses the first packets must not take the wrap for the beginning.
// In the lower half of the circle the wrap is 32768 packets away.
std::uint16_t draw_sequence(RandomSource& random) {
  return static_cast<std::uint16_t>(random.between(0, 0x7fff));
}

// On a fast path one gap leads to several NACKs that were on their way already.
constexpr Duration min_resend_interval = 10ms;

}  // namespace

SendStream::SendStream(MediaId media, MediaKind kind, std::uint32_t clock_rate, Ssrc ssrc, Ssrc rtx_ssrc,
                       RandomSource& random)
    : kind_(kind),
      ssrc_(ssrc),
      rtx_ssrc_(rtx_ssrc),
      next_sequence_(draw_sequence(random)),
      next_rtx_sequence_(draw_sequence(random)),
      clock_(clock_rate, random.u32()),
      needs_key_frame_(kind == MediaKind::video) {
  stats_.media = media;
  stats_.ssrc = ssrc;
}

void SendStream::require_key_frame(TimePoint now) {
  needs_key_frame_ = true;
  want_key_frame(now);
}

Result<SendStream::Range> SendStream::add_frame(TimePoint now, const PayloadConfig& payload,
                                                const std::shared_ptr<const EncodedFrame>& frame,
                                                std::size_t max_payload, std::size_t room) {
  if (!takes(*frame)) {
    ++stats_.dropped.frames_before_key_frame;
    want_key_frame(now);
    return Errc::needs_key_frame;
  }
  const auto slices = frame->slices(payload.format, max_payload);
  if (!slices) {
    ++stats_.dropped.frames_unpacketizable;
    return slices.error();
  }
  if (slices->size() > room) {
    ++stats_.dropped.frames_queue_full;
    // What follows hangs on this frame, and the receiver would see no gap.
    if (kind_ == MediaKind::video) require_key_frame(now);
    return Errc::queue_full;
  }

  const std::uint32_t timestamp = timestamp_of(*frame, payload);
  const Range range{next_sequence_, slices->size()};
  for (const PayloadSlice& slice : *slices) {
    SentPacket packet;
    packet.header = {slice.marker(), payload.payload_type, next_sequence_++, timestamp, ssrc_};
    packet.frame = frame;
    packet.slice = &slice;
    history_.add(now, std::move(packet));
  }
  stats_.payload_type = payload.payload_type;
  ++stats_.frames_sent;
  if (frame->key_frame()) {
    ++stats_.key_frames_sent;
    needs_key_frame_ = false;
    key_frame_request_due_.reset();  // This is what the request was for.
  }
  return range;
}

Result<SendStream::Range> SendStream::add_packet(TimePoint now, const PacketHeader& header, Bytes payload) {
  auto copy = PacketBuffer::copy_of(payload);
  if (!copy) return copy.error();
  clock_.follow(now, header.timestamp);
  SentPacket packet;
  packet.header = header;
  packet.header.sequence = next_sequence_;
  packet.header.ssrc = ssrc_;
  packet.payload = *std::move(copy);
  history_.add(now, std::move(packet));
  stats_.payload_type = header.payload_type;
  return Range{next_sequence_++, 1};
}

std::uint32_t SendStream::timestamp_of(const EncodedFrame& frame, const PayloadConfig& payload) {
  if (const auto given = frame.rtp_timestamp()) {
    clock_.follow(frame.capture_time(), *given);
    return *given;
  }
  if (kind_ == MediaKind::video) return clock_.video_timestamp(frame.capture_time());

  std::uint32_t duration = 0;
  if (payload.format == PayloadFormat::opus) {
    const auto shape = opus::parse_shape(frame.bytes());
    if (shape) duration = shape->timestamp_units();
  }
  return clock_.audio_timestamp(frame.capture_time(), duration);
}

std::optional<PacketBuffer> SendStream::transmit(TimePoint now, std::uint16_t sequence,
                                                 const ExtensionBlock& extensions) {
  SentPacket* packet = history_.find(sequence);
  if (packet == nullptr) return std::nullopt;
  auto written = write_original(*packet, extensions);
  if (!written) return std::nullopt;

  packet->last_sent = now;
  budget_.packet_sent(written->size());
  ++stats_.packets_sent;
  stats_.bytes_sent += packet->payload_size();
  return *std::move(written);
}

std::optional<PacketBuffer> SendStream::retransmit(TimePoint now, std::uint16_t sequence, PayloadType rtx,
                                                   const ExtensionBlock& extensions) {
  SentPacket* packet = history_.find(sequence);
  if (packet == nullptr || packet->ciphertext) return std::nullopt;
  auto written = write_retransmission(*packet, {rtx, next_rtx_sequence_, rtx_ssrc_}, extensions);
  if (!written) return std::nullopt;

  ++next_rtx_sequence_;
  packet->last_sent = now;
  packet->retransmitted = true;
  ++stats_.retransmitted_packets_sent;
  stats_.retransmitted_bytes_sent += packet->payload_size();
  return *std::move(written);
}

std::optional<PacketBuffer> SendStream::protected_copy(TimePoint now, std::uint16_t sequence) {
  SentPacket* packet = history_.find(sequence);
  if (packet == nullptr || !packet->ciphertext) return std::nullopt;
  auto copy = PacketBuffer::copy_of(packet->ciphertext->bytes());
  if (!copy) return std::nullopt;

  packet->last_sent = now;
  packet->retransmitted = true;
  ++stats_.retransmitted_packets_sent;
  stats_.retransmitted_bytes_sent += packet->ciphertext->size();
  return *std::move(copy);
}

void SendStream::keep_ciphertext(std::uint16_t sequence, Bytes ciphertext) {
  auto copy = PacketBuffer::copy_of(ciphertext);
  if (copy) history_.keep_ciphertext(sequence, *std::move(copy));
}

bool SendStream::may_retransmit(TimePoint now, std::uint16_t sequence) {
  const SentPacket* packet = history_.find(sequence);
  ++stats_.nacked_packets;
  if (packet == nullptr || !packet->last_sent) {
    ++stats_.nacked_packets_gone;
    return false;
  }
  // Nobody can miss a packet in less than a round trip. Reports are seconds away at first, and a guess that
  // is too long would leave most of the peer's repetitions without an answer until then.
  if (!packet->retransmitted) round_trip_bound_ = std::min(round_trip_bound_, now - *packet->last_sent);
  // A little less than a round trip: repetitions come once per round trip, give or take the path's jitter.
  const Duration interval = std::max(round_trip_.smoothed_or(round_trip_bound_) * 3 / 4, min_resend_interval);
  // The first time at once: the NACK itself proves that a round trip has passed.
  const bool repeated = packet->retransmitted && now - *packet->last_sent < interval;
  const std::size_t size = packet->ciphertext ? packet->ciphertext->size() : packet->payload_size();
  if (repeated || !budget_.take(size)) {
    ++stats_.nacked_packets_repeated;
    return false;
  }
  return true;
}

void SendStream::handle_report(NtpTime now_ntp, const rtcp::ReportBlock& block) {
  ++stats_.remote_reports;
  stats_.remote_packets_lost = block.cumulative_lost;
  stats_.remote_fraction_lost = block.fraction_lost / 256.0;
  stats_.remote_jitter = Duration(std::int64_t{block.jitter} * 1'000'000'000 / clock_.clock_rate());
  round_trip_.handle_report(now_ntp, block.last_report, block.delay_since_last_report);
  stats_.round_trip_time = round_trip_.last();
}

bool SendStream::handle_fir(Ssrc sender, std::uint8_t command) {
  ++stats_.firs_received;
  const rtcp::FullIntraRequest::Entry request{sender, command};
  if (last_fir_ == request) return false;
  last_fir_ = request;
  return true;
}

void SendStream::want_key_frame(TimePoint now) {
  if (key_frame_request_due_) return;
  key_frame_request_due_ =
      last_key_frame_request_ ? std::max(now, *last_key_frame_request_ + min_key_frame_interval) : now;
}

bool SendStream::take_key_frame_request(TimePoint now) {
  if (!key_frame_request_due_ || now < *key_frame_request_due_) return false;
  key_frame_request_due_.reset();
  last_key_frame_request_ = now;
  return true;
}

std::optional<rtcp::SenderReport> SendStream::sender_report(TimePoint now, NtpTime now_ntp) const {
  const auto timestamp = clock_.at(now);
  if (!timestamp || stats_.packets_sent == 0) return std::nullopt;
  rtcp::SenderReport report;
  report.sender = ssrc_;
  report.ntp = now_ntp;
  report.rtp_timestamp = *timestamp;
  report.packet_count = static_cast<std::uint32_t>(stats_.packets_sent);
  report.octet_count = static_cast<std::uint32_t>(stats_.bytes_sent);
  return report;
}

void SendStream::change_clock_rate(std::uint32_t clock_rate, RandomSource& random) {
  if (clock_rate != clock_.clock_rate()) clock_ = RtpClock(clock_rate, random.u32());
}

}  // namespace petrel::inline v0::rtp
