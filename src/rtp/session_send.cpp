#include <algorithm>
#include <utility>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/recovery/rtx.hpp"
#include "petrel/rtp/session.hpp"
#include "petrel/rtp/wire/elements.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {
namespace {

// A token names media and sequence number.
ProtectedToken make_token(MediaId media, std::uint16_t sequence) {
  return {std::uint64_t{media.value} << 16 | sequence};
}

const PayloadConfig* find_payload(const MediaConfig& config, PayloadType type) {
  const auto it = std::ranges::find(config.payloads, type, &PayloadConfig::payload_type);
  return it == config.payloads.end() ? nullptr : &*it;
}

}  // namespace

Result<void> Session::send_frame(TimePoint now, MediaId id, std::shared_ptr<const EncodedFrame> frame) {
  now = clamp(now);
  Media* media = find(id);
  if (frame == nullptr) return petrel::Errc::invalid_argument;
  if (media == nullptr || !media->config.sending || !media->send) return Errc::not_sending;

  // The same room whether or not a packet carries its mid still, and room for RTX, so that all packets of
  // all viewers share one cut of the frame.
  const std::size_t header = fixed_header_size + extensions_of(*media, now).wire_size() + rtx_overhead;
  const std::size_t max_payload = config_.max_packet_size > header ? config_.max_packet_size - header : 0;
  const PayloadConfig& payload = media->config.payloads.front();
  const auto slices = frame->slices(payload.format, max_payload);
  if (slices && media->send->takes(*frame)) make_room(now, slices->size());
  const auto range = media->send->add_frame(now, payload, frame, max_payload, room());
  if (range) enqueue(now, *media, *range);
  settle(now);
  return range ? Result<void>() : Result<void>(range.error());
}

Result<void> Session::send_packet(TimePoint now, MediaId id, Bytes packet) {
  now = clamp(now);
  Media* media = find(id);
  if (media == nullptr || !media->config.sending || !media->send) return Errc::not_sending;
  const auto view = PacketView::parse(packet);
  if (!view) return view.error();
  const bool agreed = std::ranges::any_of(media->config.payloads, [&](const PayloadConfig& payload) {
    return payload.payload_type == view->header().payload_type;
  });
  if (!agreed) return Errc::not_sending;
  const std::size_t header = fixed_header_size + extensions_of(*media, now).wire_size() + rtx_overhead;
  if (view->payload().size() + header > config_.max_packet_size) return petrel::Errc::too_long;
  make_room(now, 1);
  if (room() == 0) {
    ++media->send->stats().dropped.packets_queue_full;
    return Errc::queue_full;
  }

  const auto range = media->send->add_packet(now, view->header(), view->payload());
  if (!range) return range.error();
  enqueue(now, *media, *range);
  settle(now);
  return {};
}

void Session::keep_protected(TimePoint now, ProtectedToken token, Bytes ciphertext) {
  clamp(now);
  Media* media = find(MediaId{static_cast<std::uint32_t>(token.value >> 16)});
  if (media == nullptr || !media->send) return;
  media->send->keep_ciphertext(static_cast<std::uint16_t>(token.value & 0xffff), ciphertext);
}

std::size_t Session::room() const {
  const std::size_t waiting = pacer_->size() + outgoing_.size();
  return waiting < max_outgoing_packets ? max_outgoing_packets - waiting : 0;
}

// What has waited longest is worth least. RTCP stays, and makes no room.
void Session::make_room(TimePoint now, std::size_t count) {
  if (count > max_outgoing_packets) return;
  while (room() < count) {
    const Outgoing* oldest =
        outgoing_.find_if([](const Outgoing& each) { return each.kind != Outgoing::Kind::rtcp; });
    if (oldest == nullptr) return;
    const MediaId id = oldest->media;
    Media* media = find(id);
    const bool is_video = media != nullptr && media->config.kind == MediaKind::video;
    std::size_t dropped = 0;
    outgoing_.remove_if([&](const Outgoing& each) {
      if (each.kind == Outgoing::Kind::rtcp || each.media != id || (dropped > 0 && !is_video)) return false;
      ++dropped;
      return true;
    });
    if (media == nullptr || !media->send) continue;
    media->send->stats().dropped.packets_queue_full += dropped;
    if (is_video) {
      media->send->require_key_frame(now);
      config_.log.log(now, LogLevel::warning, "rtp.queue_dropped",
                      {{"ssrc", std::int64_t{media->send->ssrc().value}},
                       {"packets", static_cast<std::int64_t>(dropped)}});
    }
  }
}

void Session::enqueue(TimePoint now, Media& media, SendStream::Range range) {
  const auto priority =
      media.config.kind == MediaKind::audio ? PacedPacket::Priority::audio : PacedPacket::Priority::video;
  for (std::size_t i = 0; i < range.count; ++i) {
    enqueue(now, media, static_cast<std::uint16_t>(range.first + i), priority);
  }
}

void Session::enqueue(TimePoint now, Media& media, std::uint16_t sequence, PacedPacket::Priority priority) {
  const SentPacket* packet = media.send->find(sequence);
  if (packet == nullptr) return;
  pacer_->enqueue(now, {media.id, sequence, static_cast<std::uint16_t>(packet->payload_size()), priority});
}

void Session::release(TimePoint now) {
  while (const auto paced = pacer_->release(now)) transmit(now, *paced);
}

void Session::transmit(TimePoint now, const PacedPacket& paced) {
  Media* media = find(paced.media);
  if (media == nullptr || !media->send) return;
  const SentPacket* packet = media->send->find(paced.sequence);
  // Renegotiated away, or too long in the queue.
  const PayloadConfig* payload =
      packet == nullptr ? nullptr : find_payload(media->config, packet->header.payload_type);
  if (payload == nullptr) {
    ++media->send->stats().dropped.packets_queue_full;
    return;
  }

  const bool again = paced.priority == PacedPacket::Priority::retransmission;
  Outgoing outgoing{
      again && !payload->rtx ? Outgoing::Kind::protected_copy : Outgoing::Kind::rtp, {}, {}, {}};
  std::optional<PacketBuffer> written;
  if (!again) {
    written = media->send->transmit(now, paced.sequence, extensions_of(*media, now));
    if (payload->feedback.nack && !payload->rtx) outgoing.keep = make_token(media->id, paced.sequence);
  } else if (payload->rtx) {
    written = media->send->retransmit(now, paced.sequence, *payload->rtx, extensions_of(*media, now));
  } else {
    written = media->send->protected_copy(now, paced.sequence);
  }
  if (!written) return;
  outgoing.packet = *std::move(written);
  outgoing.media = media->id;
  if (outgoing.kind == Outgoing::Kind::rtp && media->config.extensions.transport_wide_sequence) {
    ++transport_number_;
  }
  outgoing_.push_back(std::move(outgoing));
}

// Stamped as the packet leaves the pacer: abs-send-time and the transport-wide number tell when it
// was sent, not when it was made.
ExtensionBlock Session::extensions_of(const Media& media, TimePoint now) {
  const HeaderExtensionIds& ids = media.config.extensions;
  const bool needs_two_bytes = std::max({ids.mid.value_or(0), ids.abs_send_time.value_or(0),
                                         ids.transport_wide_sequence.value_or(0)}) > 14 ||
                               media.config.mid.size() > 16;
  ExtensionBlock block(needs_two_bytes ? ExtensionForm::two_byte : ExtensionForm::one_byte);
  // An element that the form cannot carry is left out: a mid of more than 255 bytes helps nobody.
  if (ids.mid && !media.config.mid.empty())
    static_cast<void>(block.add(*ids.mid, as_bytes(media.config.mid)));
  if (ids.abs_send_time) static_cast<void>(block.add(*ids.abs_send_time, AbsSendTime::at(now).bytes()));
  if (ids.transport_wide_sequence) {
    static_cast<void>(block.add(*ids.transport_wide_sequence, TransportNumber{transport_number_}.bytes()));
  }
  return block;
}

void Session::retransmit(TimePoint now, Media& media, std::uint16_t sequence) {
  if (room() == 0 || !media.send->may_retransmit(now, sequence)) return;
  enqueue(now, media, sequence, PacedPacket::Priority::retransmission);
}

}  // namespace petrel::inline v0::rtp
