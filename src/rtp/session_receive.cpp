#include <algorithm>
#include <utility>

#include "petrel/rtp/session.hpp"
#include "petrel/rtp/wire/elements.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {
namespace {

struct PayloadMatch {
  const PayloadConfig* payload = nullptr;
  bool is_retransmission = false;
};

PayloadMatch match_payload(const MediaConfig& config, PayloadType type) {
  for (const PayloadConfig& payload : config.payloads) {
    if (payload.payload_type == type) return {&payload, false};
    if (payload.rtx == type) return {&payload, true};
  }
  return {};
}

std::string_view text_element(const PacketView& packet, std::optional<std::uint8_t> id) {
  if (!id) return {};
  const auto value = packet.extensions().find(*id);
  return value ? parse_sdes_text(*value).value_or(std::string_view()) : std::string_view();
}

}  // namespace

void Session::handle_rtp(TimePoint now, Bytes bytes) {
  now = clamp(now);
  const auto packet = PacketView::parse(bytes);
  if (!packet) {
    ++stats_.dropped.malformed_rtp;
    return;
  }
  const auto found = route(now, *packet);
  if (!found) return;
  auto& [media, payload, is_retransmission] = *found;
  const PacketHeader& header = packet->header();

  if (is_retransmission) {
    ReceiveStream* stream = retransmitted_stream(now, *media, *packet);
    if (stream == nullptr) {
      ++stats_.dropped.malformed_rtx;
      return;
    }
    const auto restored = stream->handle_retransmission(now, *packet, *payload);
    if (restored && media->config.deliver_packets) {
      PacketHeader original = header;
      original.payload_type = payload->payload_type;
      original.sequence = restored->sequence;
      original.ssrc = stream->ssrc();
      auto written = write_packet(original, ExtensionBlock(), restored->payload);
      if (written) deliver_packet(*media, stream->ssrc(), *std::move(written));
    }
  } else {
    ReceiveStream* stream = receive_stream(now, *media, *payload, header.ssrc);
    const bool accepted = stream->handle_packet(now, *packet, *payload);
    if (accepted && media->config.deliver_packets) {
      auto copy = PacketBuffer::copy_of(bytes);
      if (copy) deliver_packet(*media, header.ssrc, *std::move(copy));
    }
  }
  settle(now);
}

// RFC 8843 9.2: by mid, which (re)binds the SSRC; else by what is known of the SSRC; else by a payload type
// that only one media has.
std::optional<Session::Route> Session::route(TimePoint now, const PacketView& packet) {
  const PacketHeader& header = packet.header();
  SsrcTable::Entry* entry = table_.find(header.ssrc);
  if (entry == nullptr && is_own(header.ssrc)) {
    // The first says it all: RFC 3550 8.2, a collision or a loop.
    if (stats_.dropped.own_ssrc++ == 0) {
      config_.log.log(now, LogLevel::warning, "rtp.ssrc_conflict",
                      {{"ssrc", std::int64_t{header.ssrc.value}}});
    }
    return std::nullopt;
  }
  Media* known = entry != nullptr ? find(entry->media) : nullptr;
  Media* media = media_of(packet, known);
  if (media == nullptr) media = known;
  if (media == nullptr) {
    for (const auto& candidate : medias_) {
      if (!candidate->config.receiving || !match_payload(candidate->config, header.payload_type).payload)
        continue;
      if (media != nullptr) {
        media = nullptr;  // Two could be meant.
        break;
      }
      media = candidate.get();
    }
  }
  if (media == nullptr) {
    ++stats_.dropped.unknown_ssrc;
    return std::nullopt;
  }
  if (!media->config.receiving) {
    ++stats_.dropped.not_receiving;
    return std::nullopt;
  }
  const PayloadMatch match = match_payload(media->config, header.payload_type);
  if (match.payload == nullptr) {
    ++stats_.dropped.unknown_payload_type;
    return std::nullopt;
  }

  if (entry != nullptr && entry->media != media->id) {
    end_stream(header.ssrc);
    entry = nullptr;
  }
  if (entry == nullptr) {
    const auto added = table_.add(now, {.ssrc = header.ssrc, .media = media->id});
    if (added.entry == nullptr) {
      ++stats_.dropped.too_many_streams;
      return std::nullopt;
    }
    entry = added.entry;
    if (added.replaced) {
      end_stream(*added.replaced);
      entry = table_.find(header.ssrc);
    }
  }
  entry->last_heard = now;
  if (entry->rid.empty()) entry->rid = text_element(packet, media->config.extensions.rid);
  return Route{media, match.payload, match.is_retransmission};
}

// `likely` is asked first: most packets go where the one before went.
Session::Media* Session::media_of(const PacketView& packet, Media* likely) {
  const auto names = [&packet](const Media& media) {
    return !media.config.mid.empty() && text_element(packet, media.config.extensions.mid) == media.config.mid;
  };
  if (likely != nullptr && names(*likely)) return likely;
  if (packet.extensions().empty()) return nullptr;
  const auto it = std::ranges::find_if(medias_, [&names](const auto& media) { return names(*media); });
  return it == medias_.end() ? nullptr : it->get();
}

ReceiveStream* Session::find_receive_stream(Ssrc ssrc) {
  for (const auto& media : medias_) {
    const auto it =
        std::ranges::find(media->receive, ssrc, [](const auto& stream) { return stream->ssrc(); });
    if (it != media->receive.end()) return it->get();
  }
  return nullptr;
}

// The number of streams is bounded by that of table entries.
ReceiveStream* Session::receive_stream(TimePoint, Media& media, const PayloadConfig& payload, Ssrc ssrc) {
  const auto it = std::ranges::find(media.receive, ssrc, [](const auto& stream) { return stream->ssrc(); });
  if (it != media.receive.end()) return it->get();
  media.receive.push_back(std::make_unique<ReceiveStream>(media.id, media.config, payload, ssrc));
  if (!events_.push(StreamStarted{media.id, ssrc})) ++stats_.dropped.events_lost;
  return media.receive.back().get();
}

// Which stream a retransmission repairs: as signalled (FID), by RFC 8852 3.3, or because there is only one.
ReceiveStream* Session::retransmitted_stream(TimePoint, Media& media, const PacketView& packet) {
  SsrcTable::Entry* entry = table_.find(packet.header().ssrc);
  if (entry == nullptr) return nullptr;
  // What was concluded before holds for as long as that stream.
  if (!entry->signalled && entry->retransmits && find_receive_stream(*entry->retransmits) == nullptr) {
    entry->retransmits.reset();
  }
  if (!entry->retransmits) {
    const std::string_view rid = text_element(packet, media.config.extensions.repaired_rid);
    for (const auto& other : table_.entries()) {
      if (!rid.empty() && other.media == media.id && other.rid == rid) entry->retransmits = other.ssrc;
    }
    if (rid.empty() && media.receive.size() == 1) entry->retransmits = media.receive.front()->ssrc();
  }
  return entry->retransmits ? find_receive_stream(*entry->retransmits) : nullptr;
}

void Session::end_stream(Ssrc ssrc) {
  table_.remove(ssrc);
  for (const auto& media : medias_) {
    const auto it =
        std::ranges::find(media->receive, ssrc, [](const auto& stream) { return stream->ssrc(); });
    if (it == media->receive.end()) continue;
    media->receive.erase(it);
    if (!events_.push(StreamEnded{media->id, ssrc})) ++stats_.dropped.events_lost;
    return;
  }
}

void Session::deliver_frames(TimePoint now, Media& media, ReceiveStream& stream) {
  while (auto frame = stream.poll_frame()) {
    const bool is_key_frame = frame->key_frame();
    Event event = FrameReceived{media.id, stream.ssrc(), std::move(frame)};
    if (events_.push(std::move(event))) continue;  // What is refused was not moved.

    // Each frame of audio stands alone: the latest is worth most. Of video the rest hangs on what is
    // dropped, and would be too old when it is fetched.
    const bool is_audio = media.config.kind == MediaKind::audio;
    stream.count_unread(is_audio ? events_.drop_oldest_media(media.id) : events_.drop_media(media.id));
    if ((is_audio || is_key_frame) && events_.push(std::move(event))) continue;
    stream.count_unread(1);
    stream.require_key_frame(now);
  }
}

void Session::deliver_packet(Media& media, Ssrc ssrc, PacketBuffer packet) {
  Event event = PacketReceived{media.id, ssrc, std::move(packet)};
  if (events_.push(std::move(event))) return;  // What is refused was not moved.
  ++stats_.dropped.events_lost;
  if (events_.drop_oldest_media(media.id) > 0) static_cast<void>(events_.push(std::move(event)));
}

void Session::request_key_frame(TimePoint now, MediaId id) {
  now = clamp(now);
  Media* media = find(id);
  if (media == nullptr) return;
  for (const auto& stream : media->receive) stream->request_key_frame(now);
  settle(now);
}

}  // namespace petrel::inline v0::rtp
