#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "petrel/rtp/session.hpp"
#include "petrel/rtp/wire/rtcp.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;

// Until something has been measured, on the short side: a NACK that comes too early costs 16 bytes, and its
// sender leaves out what it has just repeated. One that comes too late costs the first frames.
constexpr Duration round_trip_guess = 30ms;

// One message's share of a 1,200-byte datagram: 20 blocks of 24 bytes.
constexpr std::size_t blocks_per_message = 20;

}  // namespace

void Session::handle_rtcp(TimePoint now, Bytes datagram) {
  now = clamp(now);
  auto reader = rtcp::Reader::parse(datagram);
  if (!reader) {
    ++stats_.dropped.malformed_rtcp;
    return;
  }
  ++stats_.rtcp_packets_received;
  interval_.packet_seen(datagram.size());
  while (const auto message = reader->next()) {
    std::visit([this, now](const auto& each) { handle_message(now, each); }, *message);
  }
  stats_.dropped.malformed_rtcp += reader->malformed();
  settle(now);
}

void Session::handle_message(TimePoint now, const rtcp::SenderReport& report) {
  if (ReceiveStream* stream = find_receive_stream(report.sender)) stream->handle_sender_report(now, report);
  handle_reports(now, report.reports);
}

void Session::handle_message(TimePoint now, const rtcp::ReceiverReport& report) {
  handle_reports(now, report.reports);
}

// The association of streams is signalled; CNAME adds nothing to it.
void Session::handle_message(TimePoint, const rtcp::SourceDescription&) {}

void Session::handle_message(TimePoint, const rtcp::Bye& bye) {
  for (const Ssrc source : bye.sources) end_stream(source);
}

void Session::handle_message(TimePoint now, const rtcp::Nack& nack) {
  Media* media = find_sender(nack.media);
  if (media == nullptr) return;
  ++media->send->stats().nacks_received;
  for (const std::uint16_t sequence : nack.lost) retransmit(now, *media, sequence);
}

void Session::handle_message(TimePoint now, const rtcp::PictureLossIndication& request) {
  Media* media = find_sender(request.media);
  if (media == nullptr) return;
  ++media->send->stats().plis_received;
  media->send->want_key_frame(now);
}

void Session::handle_message(TimePoint now, const rtcp::FullIntraRequest& request) {
  for (const auto& entry : request.entries) {
    Media* media = find_sender(entry.media);
    if (media != nullptr && media->send->handle_fir(request.sender, entry.command)) {
      media->send->want_key_frame(now);
    }
  }
}

void Session::handle_message(TimePoint now, const rtcp::ReceiverEstimate& estimate) {
  estimate_.handle_remb(now, estimate.bits_per_second);
}

// For a controller that measures delay; the loss-based estimate has the reports.
void Session::handle_message(TimePoint, const rtcp::TransportFeedback&) {}

void Session::handle_message(TimePoint, const rtcp::ExtendedReport&) {}

void Session::handle_reports(TimePoint now, const std::vector<rtcp::ReportBlock>& blocks) {
  for (const auto& block : blocks) {
    Media* media = find_sender(block.source);
    if (media == nullptr || block.source != media->send->ssrc()) continue;
    media->send->handle_report(config_.clock.to_ntp(now), block);
    estimate_.handle_loss(now, block.fraction_lost);
  }
}

Session::Media* Session::find_sender(Ssrc ssrc) {
  const auto it = std::ranges::find_if(medias_, [ssrc](const auto& media) {
    return media->send && (media->send->ssrc() == ssrc || media->send->rtx_ssrc() == ssrc);
  });
  return it == medias_.end() ? nullptr : it->get();
}

bool Session::has_streams() const {
  return std::ranges::any_of(medias_, [](const auto& media) {
    return !media->receive.empty() || (media->send && media->send->stats().packets_sent > 0);
  });
}

// Who we are in feedback: our first stream, or the SSRC that stands for us while there is none.
Ssrc Session::reporter() const {
  const auto it = std::ranges::find_if(medias_, [](const auto& media) {
    return media->config.sending && media->send && media->send->stats().packets_sent > 0;
  });
  return it == medias_.end() ? reporter_ssrc_ : (*it)->send->ssrc();
}

Duration Session::round_trip() const {
  // One transport, one path: any stream's measurement serves all.
  for (const auto& media : medias_) {
    if (media->send && media->send->round_trip().last()) {
      return media->send->round_trip().smoothed_or(round_trip_guess);
    }
  }
  return round_trip_guess;
}

// RFC 3550 6.4: SR for each stream we send, with the report blocks in the first; RR if there is none.
void Session::send_reports(TimePoint now) {
  std::vector<rtcp::ReportBlock> blocks;
  for (const auto& media : medias_) {
    for (const auto& stream : media->receive) stream->take_reports(now, blocks);
  }
  std::span<const rtcp::ReportBlock> rest(blocks);
  const auto take_blocks = [&rest] {
    const auto taken = rest.first(std::min(rest.size(), blocks_per_message));
    rest = rest.subspan(taken.size());
    return std::vector<rtcp::ReportBlock>(taken.begin(), taken.end());
  };

  std::vector<rtcp::Message> messages;
  std::vector<rtcp::SourceDescription::Chunk> chunks;
  for (const auto& media : medias_) {
    if (!media->config.sending || !media->send) continue;
    auto report = media->send->sender_report(now, config_.clock.to_ntp(now));
    if (!report) continue;
    report->reports = take_blocks();
    chunks.push_back({report->sender, config_.cname});
    messages.emplace_back(*std::move(report));
  }
  if (messages.empty()) {
    chunks.push_back({reporter_ssrc_, config_.cname});
    messages.emplace_back(rtcp::ReceiverReport{reporter_ssrc_, take_blocks()});
  }
  while (!rest.empty()) messages.emplace_back(rtcp::ReceiverReport{reporter(), take_blocks()});
  // RFC 3550 6.1: every compound packet names its sources.
  for (std::size_t begin = 0; begin < chunks.size(); begin += rtcp::max_counted) {
    const auto end = std::min(chunks.size(), begin + rtcp::max_counted);
    messages.emplace_back(rtcp::SourceDescription{{chunks.begin() + static_cast<std::ptrdiff_t>(begin),
                                                   chunks.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  send_rtcp(now, messages, false);
  interval_.report_sent(now);
}

// Writes the messages to as many datagrams as they need. `compound` says that they may not stand alone.
void Session::send_rtcp(TimePoint now, const std::vector<rtcp::Message>& messages, bool compound) {
  rtcp::Writer writer(config_.max_packet_size);
  const auto flush = [&] {
    if (writer.empty()) return;
    auto packet = writer.finish();
    interval_.packet_seen(packet.size());
    ++stats_.rtcp_packets_sent;
    if (outgoing_.size() >= max_outgoing_packets + max_outgoing_rtcp) outgoing_.pop_front();
    outgoing_.push_back(Outgoing{Outgoing::Kind::rtcp, std::move(packet), {}, {}});
  };
  // RFC 3550 6.1: SR or RR first, then SDES with CNAME.
  const auto begin_compound = [&] {
    const Ssrc self = reporter();
    const Media* media = find_sender(self);
    auto report =
        media != nullptr ? media->send->sender_report(now, config_.clock.to_ntp(now)) : std::nullopt;
    static_cast<void>(report ? writer.add(*report) : writer.add(rtcp::ReceiverReport{self, {}}));
    static_cast<void>(writer.add(rtcp::SourceDescription{{{self, config_.cname}}}));
  };
  for (const auto& message : messages) {
    if (compound && writer.empty()) begin_compound();
    if (writer.add(message)) continue;
    flush();
    if (compound) begin_compound();
    // What does not fit into an empty datagram is given up: NACKs are bounded below that.
    static_cast<void>(writer.add(message));
  }
  flush();
}

void Session::send_feedback(TimePoint now) {
  std::vector<rtcp::Message> feedback;
  for (const auto& media : medias_) {
    if (!media->config.receiving) continue;
    for (const auto& stream : media->receive) {
      const auto due = stream->next_timeout();
      if (!due || now < *due) continue;
      if (stream->take_feedback(now, reporter(), round_trip(), feedback)) {
        config_.log.log(now, LogLevel::info, "rtp.key_frame_asked",
                        {{"ssrc", std::int64_t{stream->ssrc().value}}});
      }
    }
  }
  if (feedback.empty()) return;
  // RFC 5506 3.4.1: alone only where every media of the transport agreed to it.
  const bool reduced =
      std::ranges::all_of(medias_, [](const auto& media) { return media->config.reduced_size_rtcp; });
  send_rtcp(now, feedback, !reduced);
}

}  // namespace petrel::inline v0::rtp
